// Requests of a page to its own server, where the ready-made routes of jwt-session keep the tokens in cookies.
//
//   import { sessionFetch, sessionOver } from "./fetch.js";
//   const call = sessionFetch("/auth/refresh");               // the path of the refresh route; default "/refresh"
//   addEventListener("session-over", () => showLogin());
//   const answer = await call("/orders", { method: "POST", body });
//
// 1. A 401 is one refresh for all tabs of the browser, then the request is sent once more, body and all.
// 2. A refresh that is refused (401) is the event `session-over`, in every tab; the caller gets its own 401.
// 3. A refresh that fails otherwise logs nobody out: the caller gets its answer (429, 503), or the error of `fetch` where
//    the network fails or nothing came within 20 s.
// 4. Another origin is sent no cookie, whatever the caller says, and never causes a refresh.
//
// Tabs take turns by Web Locks. In a browser without them only the requests of one tab do, and the server's grace for
// the refresh token before the last is what keeps two tabs logged in, each of which refreshes once at a time; a third
// refresh under way at the same moment may come with a token older than that, which ends the session.

const STATE = "jwt-session"; // In localStorage: changes with each refresh. No token, nothing secret.
const PATIENCE = 20_000; // Milliseconds that a refresh may take, for all tabs wait for it.
let last = Promise.resolve();
const inTurn = (task) => (navigator.locks ? navigator.locks.request(STATE, task) : (last = last.then(task, task)));
const tell = (state) => localStorage.setItem(STATE, `${state} ${Date.now()} ${Math.random()}`);

/** Says in every tab that the session is over: after a logout. */
export function sessionOver() {
  tell("over");
  dispatchEvent(new Event("session-over"));
}

addEventListener("storage", ({ key, newValue }) => {
  if (key === STATE && newValue?.startsWith("over")) dispatchEvent(new Event("session-over"));
});

/** A function that is called as `fetch` is. */
export const sessionFetch = (refreshPath = "/refresh") => async (input, init) => {
  const request = new Request(input, init);
  if (new URL(request.url).origin !== location.origin) return fetch(request, { credentials: "omit" });
  const [before, again] = [localStorage.getItem(STATE), request.clone()];
  const answer = await fetch(request, { credentials: "same-origin" });
  // Who has to log in anew (RFC 9470) is not helped by another token of the same login.
  const needsLogin = answer.headers.get("www-authenticate")?.includes("insufficient_user_authentication");
  if (answer.status !== 401 || needsLogin) return answer;
  const refused = await inTurn(async () => {
    const now = localStorage.getItem(STATE);
    if (now !== before) return now?.startsWith("over") ? answer : null; // Somebody else was here first.
    const signal = AbortSignal.timeout?.(PATIENCE);
    const refresh = await fetch(refreshPath, { method: "POST", credentials: "same-origin", signal });
    if (refresh.ok) return tell("good");
    if (refresh.status !== 401) return refresh;
    sessionOver();
    return answer;
  });
  return refused ?? fetch(again, { credentials: "same-origin" });
};
