//! The part of a move that is about content.

use super::{ContentPlan, Migration};
use crate::Error;
use crate::content::{
    Authors, Content, Fates, PostTypes, add_memberships, make_collections, make_spaces,
    plan_collections, plan_comments, plan_events, plan_memberships, plan_posts, plan_spaces,
    write_works,
};
use crate::key::Subject;
use crate::ledger::Ledger;
use crate::options::MoveArgs;
use crate::run::Run;
use crate::target::Target;

impl Migration {
    pub(super) async fn plan_content(
        &self,
        target: &Target,
        ledger: &Ledger,
        options: &MoveArgs,
        authors: &Authors,
    ) -> Result<ContentPlan, Error> {
        let source = &self.source;
        let there = target
            .read(async |client| client.collections().await)
            .await?;
        let groups = plan_collections(ledger, &source.groups, &there)?;
        let there = target.read(async |client| client.spaces().await).await?;
        let spaces = plan_spaces(ledger, &source.spaces, &there, &self.mapping)?;
        let mut fates = Fates::default();
        fates.note(Subject::Space, spaces.iter().map(|(id, step)| (*id, step)));
        let has_fallback = options.fallback_owner.is_some();
        let content = Content {
            ledger,
            authors,
            fates: &fates,
            has_fallback,
        };
        let memberships = plan_memberships(&content, &source.memberships)?;
        let posts = plan_posts(&content, &source.posts)?;
        let events = plan_events(&content, &source.events)?;
        let mut fates = Fates::default();
        fates.note(
            Subject::Post,
            posts.iter().map(|work| (work.id, &work.step)),
        );
        let content = Content {
            ledger,
            authors,
            fates: &fates,
            has_fallback,
        };
        let [tops, replies] = plan_comments(&content, &source.posts, &source.comments)?;
        Ok(ContentPlan {
            groups,
            spaces,
            memberships,
            posts,
            comments: [tops, replies].concat(),
            events,
        })
    }

    pub(super) async fn move_content(&self, run: &Run, authors: &Authors) -> Result<(), Error> {
        let plan = self
            .plan_content(&run.target, &run.ledger, &run.options, authors)
            .await?;
        make_collections(run, &self.source.groups, &plan.groups).await?;
        make_spaces(run, &self.source.spaces, &plan.spaces).await?;
        add_memberships(run, &plan.memberships).await?;
        let mut types = PostTypes::default();
        write_works(run, Subject::Post, plan.posts, &mut types).await?;
        write_works(run, Subject::Event, plan.events, &mut types).await?;
        let (tops, replies): (Vec<_>, Vec<_>) = plan
            .comments
            .into_iter()
            .partition(|work| !work.is_reply_to_comment());
        write_works(run, Subject::Comment, tops, &mut types).await?;
        write_works(run, Subject::Comment, replies, &mut types).await
    }
}
