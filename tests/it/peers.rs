//! Real packages, through real peers. `tests/peers/setup` installs what these tests need.

mod consumers;
mod npm_bytes;
mod round_trip;
