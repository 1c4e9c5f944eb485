//! The process: arguments in, exit code out.

use churnwatch::cli::exit::end;
use churnwatch::cli::run;

/// Serves librdkafka too, whose threads free what others took: the system's would keep a fifth more memory for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    end(run::main())
}
