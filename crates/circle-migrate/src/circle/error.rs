//! What Circle refuses, and what to do about it.

/// Why Circle did not answer as asked. No text holds a token or an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CircleError {
    /// 401.
    #[error(
        "Circle does not take the token ({message}): make a token of type Admin V2 under Developers, \
         Tokens; if it is one, set CIRCLE_AUTH_SCHEME={other_scheme}"
    )]
    Token {
        /// Circle's words.
        message: String,
        /// The word before the token that was not tried.
        other_scheme: &'static str,
    },
    /// 403.
    #[error(
        "Circle forbids it ({message}): the token must be of type Admin V2, and the community on a plan with the API"
    )]
    Forbidden {
        /// Circle's words.
        message: String,
    },
    /// 400, 404, 405, 422 and other refusals that would come again.
    #[error("Circle refused {path} with {status} ({message}): it is not asked again")]
    Refused {
        /// What was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// Circle's words.
        message: String,
    },
    /// 429 again and again.
    #[error(
        "Circle says that too many requests came, {attempts} times in a row: the month's quota may be used up; \
         see Developers in Circle, and run the same command again later"
    )]
    TooMany {
        /// How often it was asked.
        attempts: u32,
    },
    /// 5xx, no answer, or an answer that is none, again and again.
    #[error(
        "Circle did not answer {path} usably, {attempts} times ({last}): run the same command again later"
    )]
    Unavailable {
        /// What was asked for.
        path: String,
        /// How often it was asked.
        attempts: u32,
        /// What came last.
        last: String,
    },
    /// `--max-requests`.
    #[error(
        "the {requests} requests of --max-requests are spent: run the same command again, it goes on where it stopped"
    )]
    BudgetSpent {
        /// How many.
        requests: u64,
    },
    /// The run's own end.
    #[error(
        "the run would last longer than CIRCLE_MIGRATE_DEADLINE_MINUTES: run the same command again, it goes on where it stopped"
    )]
    Deadline,
    /// The token is of another community.
    #[error(
        "the token is of community {found}, not {wanted}: check --circle-community-id and the token"
    )]
    OtherCommunity {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// Pages that do not go on.
    #[error(
        "Circle's list {list} does not go on at page {page}: it sends the same rows again; what was read is kept, \
         run the same command again later"
    )]
    Stuck {
        /// The list.
        list: String,
        /// The page.
        page: u32,
    },
    /// The client could not be made.
    #[error("could not prepare requests to Circle: {0}")]
    SetUp(String),
}
