import { start } from "./keys.js";
import { live } from "./live.js";

start();
live.open();
