/* Shows a product's after-sales policy in a shop's checkout and notes that the buyer confirmed it.
   <div data-makegood-policy="SKU" data-makegood-category="game_card"></div><script src="https://help.example.com/w.js" defer></script>
   The form around it then sends makegood_policy_id, makegood_policy_version and
   makegood_policy_confirmed_at, which the shop tells with the order (lines[].policy). */
(() => {
  const source = document.currentScript;
  const origin = new URL(source ? source.src : location.href).origin;
  const zh = (document.documentElement.lang || navigator.language || "zh").toLowerCase().startsWith("zh");
  const say = (chinese, english) => (zh ? chinese : english);
  const make = (tag, text, under) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (under) under.append(made);
    return made;
  };
  const hours = (minutes) =>
    minutes % 1440 === 0 ? say(`${minutes / 1440} 天`, `${minutes / 1440} d`)
      : minutes % 60 === 0 ? say(`${minutes / 60} 小时`, `${minutes / 60} h`)
        : say(`${minutes} 分钟`, `${minutes} min`);

  const lines = (policy) => {
    const told = [
      say(`收货后 ${policy.claim_window_days} 天内可申请售后`, `Claims within ${policy.claim_window_days} days of delivery`),
      say(`付款 ${policy.arrival_minutes} 分钟未到账可申请`, `Not arrived: claim ${policy.arrival_minutes} minutes after payment`),
    ];
    const decision = policy.clocks.find((clock) => clock.stage === "decision");
    if (decision) told.push(say(`${hours(decision.minutes)}内裁定`, `Decided within ${hours(decision.minutes)}`));
    const success = policy.success;
    if (success && success.rate_percent !== null) {
      const days = Math.round((new Date(success.until) - new Date(success.since)) / 864e5);
      told.push(say(
        `近 ${days} 天 ${success.n} 单，${success.rate_percent}% 在 1 小时内到账`,
        `${success.rate_percent}% of ${success.n} orders of ${days} days arrived within 1 hour`));
    }
    return told;
  };

  const show = (place, policy) => {
    place.replaceChildren();
    const box = make("details", "", place);
    make("summary", say("售后规则", "After-sales policy"), box);
    const list = make("ul", "", box);
    for (const line of lines(policy)) make("li", line, list);
    const link = make("a", say("完整规则", "The whole policy"), box);
    link.href = `${origin}/policy/${encodeURIComponent(policy.sku)}?v=${policy.policy_id}@${policy.policy_version}&c=${encodeURIComponent(policy.category)}`;
    link.target = "_blank";
    link.rel = "noopener";
    const label = make("label", "", place);
    const tick = make("input", "", label);
    tick.type = "checkbox";
    tick.required = true;
    label.append(say(" 我已阅读这件商品的售后规则", " I have read this product's after-sales policy"));
    const hidden = (name, value) => {
      const field = make("input", "", place);
      field.type = "hidden";
      field.name = `makegood_policy_${name}`;
      field.value = value;
      return field;
    };
    hidden("id", policy.policy_id);
    hidden("version", policy.policy_version);
    const confirmed = hidden("confirmed_at", "");
    tick.addEventListener("change", () => { confirmed.value = tick.checked ? new Date().toISOString() : ""; });
  };

  for (const place of document.querySelectorAll("[data-makegood-policy]")) {
    const sku = place.dataset.makegoodPolicy;
    const category = place.dataset.makegoodCategory || "";
    fetch(`${origin}/policy/${encodeURIComponent(sku)}.json?c=${encodeURIComponent(category)}`)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
      .then((policy) => show(place, policy))
      .catch(() => {
        const link = make("a", say("售后规则", "After-sales policy"), place);
        link.href = `${origin}/rules`;
      });
  }
})();
