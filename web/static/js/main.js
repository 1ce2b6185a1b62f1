import { start } from "./keys.js";
import { live } from "./live.js";

start();
// Not before every page's own script has run (this event waits for them): what comes first
// would be told to nobody, and the page stay empty until the next change.
addEventListener("DOMContentLoaded", () => live.open());
