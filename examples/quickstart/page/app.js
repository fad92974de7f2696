import { sessionFetch, sessionOver } from "/fetch.js";

const call = sessionFetch("/auth/refresh");
const $ = (id) => document.getElementById(id);
const say = (text) => ($("message").textContent = text);
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Shows one of the two parts, and puts the focus where it belongs once the part changes. */
function show(part) {
  const changes = $(part).hidden;
  for (const id of ["login", "account"]) $(id).hidden = id !== part;
  if (changes) (part === "login" ? $("username") : $("who")).focus();
}

/** Asks the server who is here. What is no answer changes nothing: a page that is offline is not logged out. */
async function load() {
  const [me, devices] = await Promise.all([call("/me"), call("/auth/sessions")]);
  if (me.status === 401) return show("login");
  if (!me.ok || !devices.ok) return say("The server cannot say who you are right now. It will be asked again.");
  say("");
  const { name, scope } = await me.json();
  $("who").textContent = `Hello, ${name}`;
  $("scope").textContent = `You may: ${scope}`;
  list((await devices.json()).sessions);
  show("account");
}

function list(sessions) {
  const focused = document.activeElement?.dataset?.id;
  $("devices").replaceChildren(...sessions.map(device));
  if (focused) (document.querySelector(`button[data-id="${CSS.escape(focused)}"]`) ?? $("who")).focus();
}

/** A device's line. What strangers sent, its name for one, is text and never markup. */
function device({ id, user_agent, address, last_used, current }) {
  const part = (tag, members) => Object.assign(document.createElement(tag), members);
  const name = named(user_agent);
  const seen = `${address ?? "from somewhere"}, last seen ${moment.format(last_used * 1000)}`;
  const text = part("div");
  text.append(part("p", { textContent: name }), part("p", { className: "quiet", textContent: seen }));
  if (current) text.firstChild.append(" ", part("span", { className: "here", textContent: "this device" }));
  const line = part("li");
  line.append(text);
  if (current) return line;
  const end = part("button", { textContent: "End" });
  end.onclick = () => act(call(`/auth/sessions/${id}`, { method: "DELETE" }), load);
  end.dataset.id = id;
  end.setAttribute("aria-label", `End ${name}, ${seen}`);
  line.append(end);
  return line;
}

/** What a browser calls itself, in two words. Programs that are no browser go by their own name. */
function named(agent = "Unknown device") {
  const first = (names) => names.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = first([[/Edg\//, "Edge"], [/Firefox\//, "Firefox"], [/Chrome\//, "Chrome"], [/Safari\//, "Safari"]]);
  const system = first([
    [/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS/, "macOS"], [/Linux/, "Linux"],
  ]);
  return browser && system ? `${browser} on ${system}` : agent.slice(0, 40);
}

/** Waits for what somebody asked for, and does what is to be done then. */
async function act(answer, then) {
  try {
    const { ok, status } = await answer;
    // What is gone already is what was asked for, too.
    if (!ok && ![401, 404].includes(status)) return say(`That did not work (${status}). Try again.`);
    await then();
  } catch {
    say("The server cannot be reached. Try again.");
  }
}

$("login").onsubmit = async (event) => {
  event.preventDefault();
  const [form, button] = [event.target, event.submitter];
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  say("");
  button.disabled = true;
  try {
    const answer = await fetch("/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body });
    const { error } = await answer.json();
    if (answer.ok) {
      form.reset();
      await load();
      // Over plain HTTP some browsers keep no cookie that is marked as secure, not even of this machine.
      if ($("account").hidden && !$("message").textContent) say("This browser did not keep the login. Try another one.");
    } else if (error === "invalid_grant") {
      say("The name or the password is wrong.");
      $("password").select();
    } else if (answer.status === 429) {
      say(`Too many attempts. Try again in ${answer.headers.get("retry-after")} seconds.`);
    } else {
      say(`That did not work (${answer.status}). Try again.`);
    }
  } catch {
    say("The server cannot be reached. Try again.");
  } finally {
    button.disabled = false;
  }
};

for (const [id, path] of [["logout", "/auth/refresh/logout"], ["logout-all", "/auth/logout-all"]]) {
  $(id).onclick = () => act(call(path, { method: "POST" }), sessionOver);
}

addEventListener("session-over", () => show("login"));
// An open page stays logged in, and learns that its device was ended, by asking now and then.
const refresh = () => document.visibilityState === "visible" && load().catch(() => say("The server cannot be reached."));
addEventListener("visibilitychange", refresh);
setInterval(refresh, 60_000);
refresh();
