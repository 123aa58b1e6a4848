//! The embedded `CodeArtifact`, as clients see it that nobody here wrote: the AWS CLI, npm, pnpm, yarn, bun.

mod clients;
mod durability;
mod faults;
mod guide;
mod identity;
mod limits;
mod origins;
mod stage;
mod statuses;
mod switches;
