//! The embedded `CodeArtifact`, as clients see it that nobody here wrote: the AWS CLI, npm, pnpm, yarn, bun.

mod chains;
mod clients;
mod doctor;
mod documented;
mod durability;
mod example;
mod faults;
mod guide;
mod identity;
mod limits;
mod model;
mod origins;
mod process;
mod reach;
mod setup;
mod stage;
mod statuses;
mod switches;
