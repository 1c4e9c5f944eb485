//! Exit codes, the one way in which a command ends badly, with sentences on standard error, and the end of the process.

use std::io::Write;

use signal_hook::low_level;

use crate::config::fault::Fault;
use crate::service::fault::ServiceFault;

/// Why a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It did not work out; exit code 1.
    Failed(String),
    /// A gate said no; exit code 2.
    Refused(String),
    /// Usage or configuration; exit code 64.
    Usage(Vec<String>),
    /// The watchdog stopped it; exit code 70.
    Stuck(String),
}

impl Failure {
    /// Prints the sentences and gives the exit code.
    pub fn report(&self) -> u8 {
        let code = match self {
            Self::Failed(_) => 1,
            Self::Refused(_) => 2,
            Self::Usage(_) => 64,
            Self::Stuck(_) => 70,
        };
        for sentence in self.sentences() {
            eprintln!("churnwatch: {sentence}");
        }
        code
    }

    /// What is said of it.
    pub const fn sentences(&self) -> &[String] {
        match self {
            Self::Failed(sentence) | Self::Refused(sentence) | Self::Stuck(sentence) => std::slice::from_ref(sentence),
            Self::Usage(sentences) => sentences.as_slice(),
        }
    }

    /// A failure with the error's own sentence.
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Wrong usage, in one sentence.
    pub fn usage(sentence: impl std::fmt::Display) -> Self {
        Self::Usage(vec![sentence.to_string()])
    }
}

/// Ends the process as it is. Threads of librdkafka may still be at work, so what C libraries do at an exit, as the
/// allocator's tidying of its heap, is left out: it took the memory away under their hands, once in some sixty SIGTERMs.
pub fn end(code: u8) -> ! {
    let _ = std::io::stdout().flush();
    low_level::exit(code.into())
}

impl From<Vec<Fault>> for Failure {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Usage(faults.iter().map(ToString::to_string).collect())
    }
}

impl From<ServiceFault> for Failure {
    fn from(fault: ServiceFault) -> Self {
        match fault {
            ServiceFault::Setup(sentence) => Self::Usage(vec![sentence]),
            ServiceFault::Failed(sentence) | ServiceFault::ShutOut(sentence) | ServiceFault::CutOff(sentence) => {
                Self::Failed(sentence)
            }
            ServiceFault::Stuck(sentence) => Self::Stuck(sentence),
        }
    }
}
