// The portal: shared ground first, then drafts, uploads and the guided claim.
import "./site.js";
import "./css/portal.css";
import { startDrafts } from "./draft.js";
import { startSteps } from "./steps.js";
import { startUploads } from "./upload.js";

startDrafts();
startSteps();
startUploads();
