//! A real browser, Chromium, before real servers: the binary of the quickstart, and one of our own with what the
//! quickstart has not (`tests/interop/node/browser.mjs` drives it).
//!
//! | room | what |
//! |---|---|
//! | `chromium` | the browser, its tabs, and what they are asked |
//! | `quickstart` | the binary, started and started again |
//! | `site` | a server of the ready-made routes with a WebSocket, over HTTP or TLS, whose store fails when it is told to |
//! | `story` | login, cookies, reloads, restarts, devices, logouts: by the pages of the quickstart |
//! | `tabs` | several tabs that refresh at the same moment |
//! | `helper` | `fetch.js`: bodies, other origins, what is no logout and what is one |
//! | `sites` | what pages of another site, and of another port, cause |
//! | `looks` | the pages at several sizes, and by keyboard |

#![allow(
    clippy::print_stdout,
    reason = "what was driven, and how often pages refreshed, for whoever asks for it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "what fails in here fails a test"
)]

mod chromium;
mod helper;
mod looks;
mod quickstart;
mod site;
mod sites;
mod story;
mod tabs;

use serde_json::{Value, json};

use chromium::{Chromium, Context, Tab};
use quickstart::Quickstart;
use site::{Site, SiteRules};

/// What a browser names its cookies here.
const ACCESS: &str = "__Host-access";
const REFRESH: &str = "__Secure-refresh";
const SESSION: &str = "__Host-refresh-session";
