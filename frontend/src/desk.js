// The desk: shared ground first, then what only staff and sellers use.
import "./site.js";
import "./css/desk.css";
import { startKeys } from "./desk/keys.js";
import { startRows } from "./desk/rows.js";
import { startQueueLive } from "./desk/live.js";
import { startComposer } from "./desk/composer.js";
import { startForms } from "./desk/forms.js";
import { startLease } from "./desk/lease.js";
import { startExports } from "./desk/export.js";
import { startPlaces } from "./desk/places.js";

startRows();
startKeys();
startQueueLive();
startComposer();
startForms();
startLease();
startExports();
startPlaces();
