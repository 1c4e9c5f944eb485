//! The life of the commands that work beside `serve` in a process of their own, such as `webhooks` and `rekey`.

pub mod probes;
pub mod life;
