//! Looking for what a write would have made, when it was sent and not confirmed.
//!
//! Reads only. BetterMode keeps no name of a request, so what is found is told by
//! its content, its author and its time; and it documents neither whether its lists
//! are up to date at once nor whether it changes the HTML that it is given, so bodies
//! are compared by their letters, without tags, entities and spaces.

use jiff::Timestamp;

use super::Client;
use crate::{
    CreatePost, CreateReply, CustomField, Error, Listed, MappingField, MappingType, MemberId, Post,
    PostId, PostOrder, PostQuery, PostStatus, Sighting, UpdatePost,
    operations::auth_member::{self, AuthMember},
};

/// How many posts or replies a look asks for at a time.
const PAGE: u32 = 10;
/// After so many pages a look gives up: nobody writes that much within one outage.
const MAX_PAGES: usize = 20;

impl Client {
    /// The member that this client acts as. Asked once for the app itself.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn own_id(&self) -> Result<MemberId, Error> {
        if let Some(member) = &self.identity {
            return Ok(member.clone());
        }
        let ask = || async {
            let data = self.call::<AuthMember>(auth_member::variables());
            data.await.map(auth_member::answer)
        };
        self.inner.own_id.get_or_try_init(ask).await.cloned()
    }

    /// The posts that `post` may have become: of this client's member, in the same
    /// space, of the same type and content, created at `since` or later by
    /// BetterMode's clock.
    ///
    /// It sees no draft, so for one it cannot tell. It does not see a post that
    /// moderation holds, that was deleted, moved or edited since, or that the lists do
    /// not show yet. It cannot tell apart two equal posts of one member.
    ///
    /// # Errors
    /// [`Error::NotFound`] where BetterMode says so for an unknown space; any of
    /// [`Error`].
    pub async fn find_posts(
        &self,
        post: &CreatePost,
        since: Timestamp,
    ) -> Result<Sighting<Post>, Error> {
        if !post.publish {
            return Ok(Sighting::CannotTell);
        }
        let author = self.own_id().await?;
        let query = PostQuery {
            space_id: Some(post.space_id.clone()),
            post_type_id: Some(post.post_type_id.clone()),
            created_since: Some(since),
            order: PostOrder::CreatedAt,
            ascending: false,
            full: true,
            limit: PAGE,
        };
        let list = |after| self.posts(&query, after);
        search(list, since, |found| {
            found.created_by_id == author
                && found.post_type_id == post.post_type_id
                && holds(found, &post.fields)
        })
        .await
    }

    /// The replies that `reply` may have become: of this client's member, to the same
    /// post, with the same content, created at `since` or later.
    ///
    /// It does not see what [`find_posts`](Self::find_posts) does not see.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the post is gone; any of [`Error`].
    pub async fn find_replies(
        &self,
        reply: &CreateReply,
        since: Timestamp,
    ) -> Result<Sighting<Post>, Error> {
        let author = self.own_id().await?;
        let list = |after| self.replies(&reply.post_id, false, PAGE, after);
        search(list, since, |found| {
            found.created_by_id == author
                && found.post_type_id == reply.post_type_id
                && holds(found, &reply.fields)
        })
        .await
    }

    /// The post, when it is as `change` would leave it. It may have been so before, and
    /// somebody may have changed it after us: to send the change again does no harm
    /// but to the latter.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the post is gone; any of [`Error`].
    pub async fn find_update(&self, change: &UpdatePost) -> Result<Option<Post>, Error> {
        let post = self.post(&change.id).await?;
        let fields = change.fields.as_deref().unwrap_or_default();
        let tags = change.tag_names.as_deref();
        let published = !change.publish || post.status != PostStatus::Draft;
        let is_so = published && holds(&post, fields) && tags.is_none_or(|tags| bears(&post, tags));
        Ok(is_so.then_some(post))
    }

    /// Whether a post is gone: deleted, by whomever, or never there.
    ///
    /// # Errors
    /// Any of [`Error`] but [`Error::NotFound`].
    pub async fn is_gone(&self, post: &PostId) -> Result<bool, Error> {
        match self.reaction_counts(post).await {
            Ok(_) => Ok(false),
            Err(Error::NotFound { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether this client's member has reacted to a post with this key. It cannot
    /// tell since when.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the post is gone; any of [`Error`].
    pub async fn has_reacted(&self, post: &PostId, reaction: &str) -> Result<bool, Error> {
        let counts = self.reaction_counts(post).await?;
        let own = counts.iter().find(|count| count.reaction == reaction);
        Ok(own.is_some_and(|count| count.reacted))
    }
}

/// All that `fits` of a list that begins with the newest, down to `since`.
async fn search<F>(
    mut list: impl FnMut(Option<String>) -> F,
    since: Timestamp,
    fits: impl Fn(&Post) -> bool,
) -> Result<Sighting<Post>, Error>
where
    F: Future<Output = Result<Listed<Post>, Error>>,
{
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let page = list(after).await?;
        let old = page.items.iter().any(|post| post.created_at < since);
        let young = page.items.into_iter();
        found.extend(young.filter(|post| post.created_at >= since && fits(post)));
        after = page.next;
        if old || after.is_none() {
            found.reverse();
            return Ok(Sighting::Seen(found));
        }
    }
    Ok(Sighting::CannotTell)
}

/// Whether a post has all these values.
fn holds(post: &Post, wanted: &[MappingField]) -> bool {
    let has: &[CustomField] = post.details.as_ref().map_or(&[], |d| &d.fields);
    wanted.iter().all(|wanted| {
        let found = has.iter().find(|field| field.key == wanted.key);
        match found {
            Some(found) => same(&wanted.kind, &wanted.json_value, &found.json_value),
            // BetterMode shows no field for "nothing".
            None => wanted.json_value == "null",
        }
    })
}

fn same(kind: &MappingType, wanted: &str, found: &str) -> bool {
    let read = serde_json::from_str::<serde_json::Value>;
    let (Ok(wanted), Ok(found)) = (read(wanted), read(found)) else {
        return wanted == found;
    };
    match (kind, wanted.as_str(), found.as_str()) {
        (MappingType::Html, Some(wanted), Some(found)) => letters(wanted) == letters(found),
        (MappingType::Text, Some(wanted), Some(found)) => wanted.trim() == found.trim(),
        (MappingType::Date, Some(wanted), Some(found)) => {
            match (wanted.parse::<Timestamp>(), found.parse::<Timestamp>()) {
                (Ok(wanted), Ok(found)) => wanted == found,
                _ => wanted == found,
            }
        }
        _ => wanted == found,
    }
}

/// Whether a post has exactly these tags, by title in whatever case.
fn bears(post: &Post, titles: &[String]) -> bool {
    let lower = |title: &str| title.trim().to_lowercase();
    let mut wanted: Vec<_> = titles.iter().map(|title| lower(title)).collect();
    let tags = post.details.iter().flat_map(|details| &details.tags);
    let mut found: Vec<_> = tags.map(|tag| lower(&tag.title)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    found.sort_unstable();
    found.dedup();
    wanted == found
}

/// What people read of a piece of HTML, without spaces.
fn letters(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => inside_tag = true,
            '>' if inside_tag => inside_tag = false,
            _ if inside_tag => {}
            letter => text.push(letter),
        }
    }
    let entities = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        // Last, so that nothing is decoded twice.
        ("&amp;", "&"),
    ];
    for (entity, letter) in entities {
        text = text.replace(entity, letter);
    }
    text.retain(|letter| !letter.is_whitespace());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_the_same_when_people_read_the_same() {
        let sent = r#""<p>Tom &amp; \"Ann\"</p><p>it&#39;s</p>""#;
        let kept = r#""<p class=\"x\">Tom &amp; &quot;Ann&quot;</p>\n<p>it's</p>""#;
        let other = r#""<p>Tom &amp; Ann</p><p>its</p>""#;
        assert!(same(&MappingType::Html, sent, kept));
        assert!(!same(&MappingType::Html, sent, other));
        // What is escaped is text, not a tag.
        assert_ne!(letters("&lt;b&gt;x"), letters("<b>x"));
        assert_eq!(letters("&amp;lt;"), "&lt;");
    }

    #[test]
    fn values_are_compared_by_what_they_mean() {
        let moment = r#""2031-06-01T10:00:00Z""#;
        let with_millis = r#""2031-06-01T10:00:00.000Z""#;
        assert!(same(&MappingType::Date, moment, with_millis));
        assert!(same(
            &MappingType::TextArray,
            r#"["a", "b"]"#,
            r#"["a","b"]"#
        ));
        assert!(!same(&MappingType::Number, "12", "13"));
        assert!(!same(&MappingType::Text, r#""a""#, r#""A""#));
    }
}
