//! Reads of single members, gathered: those that come within a moment go to BetterMode
//! as one request.
//!
//! A batch leaves when it is full, when nobody came for [`QUIET`], or after [`LONGEST`].
//! Where the upstream budget gets scarce it waits for the [`Pace`], up to [`SPREAD`]. One
//! that the budget refuses waits for its turn together with those that come meanwhile, up
//! to [`PATIENCE`]; who would have to wait longer is told when. A read whose caller has left is taken out before its batch leaves; a
//! batch that nobody waits for any more is given up.

use std::sync::Arc;
use std::time::Duration;

use bettermode::{Class, Member, MemberId, MemberRef};
use futures::future::{Either, join_all, select};
use service_kit::tasks::Tasks;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use trace_kit::{Current, current, within};

use super::pace::Pace;
use crate::error::{Call, Error};
use crate::rate_limit::Limiter;
use crate::upstream::Upstream;

/// So long after the last read came, a batch waits for the next.
const QUIET: Duration = Duration::from_millis(2);

/// The longest that a read waits for others. BetterMode itself takes tens of times that.
const LONGEST: Duration = Duration::from_millis(20);

/// The longest that a read waits so that requests are spread.
const SPREAD: Duration = Duration::from_millis(500);

/// The longest that a read waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads that may wait to be gathered; more wait for a place.
const WAITING: usize = 1024;

type Answer = Result<Option<Member>, Error>;

/// One read.
struct Wanted {
    id: MemberId,
    class: Class,
    since: Instant,
    reply: oneshot::Sender<Answer>,
    /// What it is read for, where somebody traces.
    work: Option<Current>,
}

/// What the budget refused, and when to ask again.
struct Refused {
    reads: Vec<Wanted>,
    wait: Duration,
}

/// Gathers reads; cheap to clone. Ends when the last clone is gone.
#[derive(Debug, Clone)]
pub(super) struct Batches(mpsc::Sender<Wanted>);

impl Batches {
    pub(super) fn new(upstream: Upstream, limiter: Arc<Limiter>, tasks: &Tasks) -> Self {
        let (sender, wanted) = mpsc::channel(WAITING);
        let (refuse, refused) = mpsc::unbounded_channel();
        let gatherer = Gatherer {
            upstream,
            limiter,
            tasks: tasks.clone(),
            refuse,
            waiting: Vec::new(),
            last_came: Instant::now(),
            pace: Pace::default(),
        };
        tasks.spawn("batches of members", gatherer.run(wanted, refused));
        Self(sender)
    }

    /// The member, or `None` when the community has none such.
    pub(super) async fn read(&self, id: MemberId, class: Class) -> Answer {
        let (reply, answer) = oneshot::channel();
        let wanted = Wanted {
            id,
            class,
            since: Instant::now(),
            reply,
            work: current(),
        };
        // Neither end is gone before the process ends.
        self.0.send(wanted).await.map_err(|_| Error::Internal)?;
        answer.await.map_err(|_| Error::Internal)?
    }
}

struct Gatherer {
    upstream: Upstream,
    limiter: Arc<Limiter>,
    tasks: Tasks,
    refuse: mpsc::UnboundedSender<Refused>,
    waiting: Vec<Wanted>,
    last_came: Instant,
    pace: Pace,
}

impl Gatherer {
    async fn run(
        mut self,
        mut wanted: mpsc::Receiver<Wanted>,
        mut refused: mpsc::UnboundedReceiver<Refused>,
    ) {
        loop {
            self.turn_away();
            let leaves_at = self.leaves_at();
            tokio::select! {
                // Who comes now goes along.
                biased;
                next = wanted.recv() => match next {
                    Some(next) => {
                        self.last_came = Instant::now();
                        self.waiting.push(next);
                    }
                    None => return,
                },
                Some(refused) = refused.recv() => self.wait_again(refused),
                () = sleep_until(leaves_at.unwrap_or_else(Instant::now)), if leaves_at.is_some() => {
                    self.leave();
                }
            }
        }
    }

    /// When the next batch is due; none without reads.
    fn leaves_at(&mut self) -> Option<Instant> {
        let first = self.waiting.iter().map(|wanted| wanted.since).min()?;
        let now = Instant::now();
        let gathered = if self.waiting.len() >= self.upstream.client().largest_batch() {
            now
        } else {
            (first + LONGEST).min(self.last_came + QUIET)
        };
        let limit = self.limiter.limits().requests;
        let spread = self.pace.next(now, limit).min(first + SPREAD);
        Some(gathered.max(spread).max(self.pace.opens_at(now)))
    }

    /// Tells those who would wait too long.
    fn turn_away(&mut self) {
        let now = Instant::now();
        let opens_at = self.pace.opens_at(now);
        let (waiting, too_long) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|wanted| opens_at <= wanted.since + PATIENCE);
        self.waiting = waiting;
        let retry_after = opens_at - now;
        for wanted in too_long {
            let _left = wanted
                .reply
                .send(Err(Error::UpstreamRateLimited { retry_after }));
        }
    }

    fn leave(&mut self) {
        self.waiting.retain(|wanted| !wanted.reply.is_closed());
        if self.waiting.is_empty() {
            return;
        }
        // Those that wait for somebody first, then the longest waiting.
        self.waiting
            .sort_by_key(|wanted| (wanted.class, wanted.since));
        let size = self.upstream.client().largest_batch();
        let batch = self.waiting.drain(..self.waiting.len().min(size)).collect();
        self.pace.sent(Instant::now());
        let (upstream, refuse) = (self.upstream.clone(), self.refuse.clone());
        self.tasks.spawn("a batch of members", async move {
            if let Some(refused) = send(batch, &upstream).await {
                let _ended = refuse.send(refused);
            }
        });
    }

    fn wait_again(&mut self, refused: Refused) {
        self.pace.refused(Instant::now(), refused.wait);
        self.waiting.extend(refused.reads);
    }
}

/// Asks and answers; returns what the budget had no room for.
async fn send(mut batch: Vec<Wanted>, upstream: &Upstream) -> Option<Refused> {
    // The batch ranks as its most urgent read.
    let class = batch.iter().map(|wanted| wanted.class).min()?;
    let ids: Vec<_> = batch.iter().map(|wanted| wanted.id.clone()).collect();
    let asking = Box::pin(within(work_for(&batch), ask(ids, upstream, class)));
    let everybody_left = join_all(batch.iter_mut().map(|wanted| wanted.reply.closed()));
    let answers = match select(asking, everybody_left).await {
        Either::Left((answers, _)) => answers,
        Either::Right(_) => return None,
    };
    let (mut reads, mut wait) = (Vec::new(), Duration::ZERO);
    for (wanted, answer) in batch.into_iter().zip(answers) {
        if let Err(Error::UpstreamRateLimited { retry_after }) = answer {
            wait = wait.max(retry_after);
            reads.push(wanted);
        } else {
            let _left = wanted.reply.send(answer);
        }
    }
    (!reads.is_empty()).then_some(Refused { reads, wait })
}

/// One request for all of them: in the trace of the first that has one, with links to
/// the others'.
fn work_for(batch: &[Wanted]) -> Option<Current> {
    let mut traced = batch.iter().filter_map(|wanted| wanted.work.as_ref());
    let mut work = traced.next()?.clone();
    work.also.extend(traced.map(|other| other.span));
    Some(work)
}

/// The outcomes in the order of `ids`.
async fn ask(ids: Vec<MemberId>, upstream: &Upstream, class: Class) -> Vec<Answer> {
    let client = upstream.client().for_class(class);
    let found = match ids.as_slice() {
        [id] => vec![client.member(MemberRef::Id(id)).await],
        ids => {
            let found = client.members_by_ids(ids).await;
            found.into_iter().map(|(_, outcome)| outcome).collect()
        }
    };
    let call = Call::member("id");
    found
        .into_iter()
        .zip(ids)
        .map(|(outcome, id)| match upstream.settle(call, outcome) {
            // An answer about somebody else must not be kept under this id.
            Ok(member) if member.id == id => Ok(Some(member)),
            Ok(_) => Err(Error::UpstreamUnintelligible {
                attempted: call.attempted,
            }),
            Err(Error::MemberNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        })
        .collect()
}
