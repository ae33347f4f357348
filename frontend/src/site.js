// What every page has: styles, fragments, clocks, the offline bar, the theme switch, dialogs.
import "./css/tokens.css";
import "./css/components.css";
import "./css/site.css";
import "./fragments.js";
import { startClocks } from "./clock.js";
import { startDialogs } from "./dialog.js";
import { startNet } from "./net.js";
import { startTheme } from "./theme.js";
import { startTyped } from "./typed.js";
import { startUnfold } from "./unfold.js";

startNet();
startTheme();
startClocks();
startDialogs();
startUnfold();
startTyped();
