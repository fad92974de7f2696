//! Keys that live elsewhere: when they are fetched, for whom, and how long they are served.
//!
//! Not of use yet. What stands here is the schedule of one source of keys, without a network.

#![cfg_attr(not(test), expect(dead_code, reason = "the source that follows the schedule is not written yet"))]

mod schedule;
mod strangers;
