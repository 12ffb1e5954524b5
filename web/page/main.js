// The page of the public listener.

import { byId } from "../shared/dom.js";
import { bindThemeSwitch } from "../shared/theme.js";

bindThemeSwitch(byId("theme"));
