//! Who made the call that is being answered, for what is bound to its caller.

use std::sync::Arc;

use super::Caller;

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// Does `work` as the answer to a call of `caller`.
pub(crate) async fn answering<T>(caller: Option<Arc<Caller>>, work: impl Future<Output = T>) -> T {
    match caller {
        Some(caller) => CALLER.scope(caller, work).await,
        None => work.await,
    }
}

/// The name of whoever made the call; empty where nobody is asked who they are, and
/// outside of an answer.
pub(crate) fn current_name() -> String {
    let name = CALLER.try_with(|caller| caller.name.clone());
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Scope, Scopes};
    use super::*;

    #[tokio::test]
    async fn the_name_is_known_within_the_answer_and_nowhere_else() {
        let crm = Arc::new(Caller {
            name: "crm".to_owned(),
            scopes: Scopes::of(&[Scope::Write]),
        });
        assert_eq!(answering(Some(crm), async { current_name() }).await, "crm");
        assert_eq!(answering(None, async { current_name() }).await, "");
        assert_eq!(current_name(), "");
    }
}
