// The page of the admin listener.

import { byId, replace } from "../shared/dom.js";
import { bindThemeSwitch } from "../shared/theme.js";
import { bindExplaining } from "./explain.js";
import { ask, forget, keep, trouble, watchKey } from "./key.js";
import { bindSessions } from "./sessions.js";
import { bindWatch } from "./watch.js";

const WRONG = "The service does not accept this key. It is the value of ADMIN_API_KEY, without quotes and without the word Bearer. "
  + "After ten wrong ones in a minute it answers 429 to further ones.";

const note = (text, kind = "") => {
  const place = byId("key-note");
  place.className = `note ${kind}`;
  place.hidden = !text;
  replace(place, text);
};

const parts = [bindWatch(), bindSessions(), bindExplaining()];

const open = (figures) => {
  note("");
  byId("key-form").hidden = true;
  byId("key-kept").hidden = false;
  byId("opened").hidden = false;
  byId("forget").focus();
  for (const part of parts) part.open(figures);
};

const close = (why) => {
  for (const part of parts) part.close();
  byId("opened").hidden = true;
  byId("key-kept").hidden = true;
  byId("key-form").hidden = false;
  note(why ?? "");
  byId("key").focus();
};

const use = async (event) => {
  event.preventDefault();
  const field = byId("key");
  const text = field.value.trim();
  if (!text) {
    note("Enter the key first.", "wait");
    field.focus();
    return;
  }
  // What is read with it first is open to both keys, and leaves no line in the log that people read.
  const answer = keep(text) ? await ask("metrics") : { status: 401 };
  if (answer.status === null) return;
  field.value = "";
  if (answer.status === 200) {
    open(answer.text);
    return;
  }
  forget();
  if (answer.status === 401) note(WRONG, "bad");
  else note(trouble(answer), "wait");
  field.focus();
};

watchKey((why) => {
  byId("key").value = "";
  close(why);
});
bindThemeSwitch(byId("theme"));
byId("origin").textContent = location.origin;
byId("plain").hidden = isSecureContext;
byId("key-form").addEventListener("submit", use);
byId("forget").addEventListener("click", () => forget("The key is forgotten."));
