// The page of the public listener. Tokens are in its fields and nowhere else.

import { settings as ask } from "./answers.js";
import { bindLooking } from "./looking.js";
import { bindRefreshing } from "./refreshing.js";
import { bindWalk } from "./walk.js";
import { byId } from "../shared/dom.js";
import { bindThemeSwitch } from "../shared/theme.js";

bindThemeSwitch(byId("theme"));

const begin = (settings) => {
  // The service judges by its own clock, so the page goes by that as well.
  const now = () => Date.now() / 1000 + settings.ahead;
  const refreshing = bindRefreshing(settings, { look: (token) => looking.look(token) });
  const looking = bindLooking(settings, now, { seen: refreshing.offer });
  bindWalk(refreshing);
};

ask().then(begin, (error) => {
  console.warn(error);
  byId("failed").hidden = false;
});
