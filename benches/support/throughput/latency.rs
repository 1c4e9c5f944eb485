//! x
use crate::support::broker::Broker;
use crate::support::options::Options;
use crate::support::topics::Topics;
use std::path::Path;
pub(crate) fn run(_options: &Options, _broker: &Broker, _topics: &Topics, _folder: &Path) {}
