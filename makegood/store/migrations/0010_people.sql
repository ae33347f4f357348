-- People of a market: the market itself, sellers, suppliers, departments, accounts and keys.

CREATE TABLE market (
    market_id   text PRIMARY KEY CHECK (market_id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    settings    jsonb NOT NULL,
    version     integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE market_setup_step (
    market_id   text NOT NULL REFERENCES market,
    step        text NOT NULL,
    state       text NOT NULL CHECK (state IN ('done', 'skipped')),
    settled_at  timestamptz NOT NULL,
    settled_by  text NOT NULL,
    PRIMARY KEY (market_id, step)
);

CREATE TABLE seller (
    market_id       text NOT NULL REFERENCES market,
    seller_id       text NOT NULL,
    name            text NOT NULL,
    tier            text NOT NULL DEFAULT 'B' CHECK (tier IN ('S', 'A', 'B', 'C', 'D')),
    suspended_at    timestamptz,
    deposit_note    text NOT NULL DEFAULT '',
    auto_lane_cap_minor bigint CHECK (auto_lane_cap_minor >= 0),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (market_id, seller_id)
);

CREATE TABLE supplier (
    market_id   text NOT NULL REFERENCES market,
    supplier_id text NOT NULL,
    name        text NOT NULL,
    contact     text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (market_id, supplier_id)
);

CREATE TABLE department (
    market_id     text NOT NULL REFERENCES market,
    department_id text NOT NULL,
    name_zh       text NOT NULL,
    name_en       text NOT NULL,
    PRIMARY KEY (market_id, department_id)
);

CREATE TABLE account (
    market_id         text NOT NULL REFERENCES market,
    account_id        text NOT NULL,
    sign_in_name      text NOT NULL,
    display_name      text NOT NULL,
    role              text NOT NULL
        CHECK (role IN ('seller', 'supplier', 'agent', 'lead', 'operator', 'auditor')),
    seller_id         text,
    supplier_id       text,
    language          text NOT NULL DEFAULT 'zh',
    department_id     text,
    skills            text[] NOT NULL DEFAULT '{}',
    reports_to        text,
    password_hash     text,
    totp_sealed       bytea,
    totp_confirmed_at timestamptz,
    totp_last_step    bigint NOT NULL DEFAULT 0,
    codes_saved_at    timestamptz,
    disabled_at       timestamptz,
    created_at        timestamptz NOT NULL,
    PRIMARY KEY (market_id, account_id),
    UNIQUE (market_id, sign_in_name),
    FOREIGN KEY (market_id, seller_id) REFERENCES seller (market_id, seller_id),
    FOREIGN KEY (market_id, supplier_id) REFERENCES supplier (market_id, supplier_id),
    FOREIGN KEY (market_id, department_id) REFERENCES department (market_id, department_id),
    FOREIGN KEY (market_id, reports_to) REFERENCES account (market_id, account_id),
    CHECK ((role = 'seller') = (seller_id IS NOT NULL)),
    CHECK ((role = 'supplier') = (supplier_id IS NOT NULL)),
    CHECK (reports_to IS DISTINCT FROM account_id)
);

CREATE TABLE recovery_code (
    market_id   text NOT NULL,
    account_id  text NOT NULL,
    code_hash   bytea NOT NULL,
    used_at     timestamptz,
    PRIMARY KEY (market_id, account_id, code_hash),
    FOREIGN KEY (market_id, account_id) REFERENCES account (market_id, account_id)
);

CREATE TABLE staff_session (
    market_id        text NOT NULL,
    session_id       text NOT NULL,
    token_hash       bytea NOT NULL,
    account_id       text NOT NULL,
    browser          text NOT NULL DEFAULT '',
    second_factor_at timestamptz,
    created_at       timestamptz NOT NULL,
    last_seen_at     timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    revoked_at       timestamptz,
    PRIMARY KEY (market_id, session_id),
    UNIQUE (market_id, token_hash),
    FOREIGN KEY (market_id, account_id) REFERENCES account (market_id, account_id)
);
CREATE INDEX staff_session_of_account ON staff_session (market_id, account_id)
    WHERE revoked_at IS NULL;

CREATE TABLE api_key (
    market_id    text NOT NULL REFERENCES market,
    key_id       text NOT NULL,
    key_hash     bytea NOT NULL,
    role         text NOT NULL
        CHECK (role IN ('market', 'seller', 'agent', 'operator', 'auditor')),
    seller_id    text,
    name         text NOT NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    PRIMARY KEY (market_id, key_id),
    UNIQUE (market_id, key_hash),
    FOREIGN KEY (market_id, seller_id) REFERENCES seller (market_id, seller_id),
    CHECK ((role = 'seller') = (seller_id IS NOT NULL))
);
