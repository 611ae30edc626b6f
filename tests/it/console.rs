//! The console over plain HTTP: who gets in, what leaves, what it does.

use std::time::Duration;

use integration_tests::{Sandbox, SandboxBuilder, eventually, eventually_within};
use reqwest::{Response, StatusCode};
use serde_json::json;

use crate::projections::projected;
use crate::replaying::give_up_on_all;
use crate::stored_events::{event, ingest};
use crate::webhook_to_event::subscription;

pub(crate) const TOKEN: &str = "token-of-the-console-in-tests";

/// With the console on.
pub(crate) fn with_console() -> SandboxBuilder {
    Sandbox::builder().service_setting("COMMUNITY_SVC_CONSOLE_TOKEN", TOKEN)
}

/// A browser as far as plain HTTP goes: it keeps one cookie and follows nothing.
struct Browser<'a> {
    sandbox: &'a Sandbox,
    http: reqwest::Client,
    cookie: String,
}

impl<'a> Browser<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        Self {
            sandbox,
            http,
            cookie: String::new(),
        }
    }

    async fn signed_in(sandbox: &'a Sandbox) -> Self {
        let mut browser = Self::new(sandbox);
        let answer = browser.post("/console/login", &[("token", TOKEN)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/console"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        browser.cookie = cookie.split(';').take(1).collect();
        browser
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.http.get(self.sandbox.service_admin_url(path));
        request.header("cookie", &self.cookie).send().await.unwrap()
    }

    /// A page that is there.
    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = self.http.post(self.sandbox.service_admin_url(path));
        let request = request.header("cookie", &self.cookie);
        let body: Vec<_> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace('&', "%26")))
            .collect();
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(body.join("&")).send().await.unwrap()
    }

    /// What forms of this session bring.
    async fn form_secret(&self) -> String {
        let page = self.page("/console").await;
        let (_, rest) = page.split_once("name=\"form_secret\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn without_a_token_there_is_no_console() {
    let sandbox = Sandbox::start().await;
    let browser = Browser::new(&sandbox);
    for path in ["/console", "/console/login", "/console/console.css"] {
        assert_eq!(browser.get(path).await.status(), StatusCode::NOT_FOUND);
    }
    let answer = browser.post("/console/login", &[("token", "")]).await;
    assert!(answer.status().is_client_error());
}

#[tokio::test]
async fn nothing_shows_to_somebody_who_has_not_signed_in() {
    let sandbox = with_console().start().await;
    let mut browser = Browser::new(&sandbox);
    for path in ["/console", "/console/events?kind=a", "/console/nothing"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        let place = answer.headers()["location"].to_str().unwrap();
        assert!(place.starts_with("/console/login?next="), "{place}");
    }
    for path in ["/console/feed", "/console/overview"] {
        assert_eq!(browser.get(path).await.status(), StatusCode::UNAUTHORIZED);
    }
    let replay = browser.post("/console/replay", &[("id", "x")]).await;
    assert_eq!(replay.headers()["location"], "/console/login");
    // What nobody gave out is no session.
    let port = sandbox.service_admin_url("");
    let port = port.rsplit(':').next().unwrap();
    browser.cookie = format!("community_console_{port}={}", "0".repeat(64));
    assert_eq!(
        browser.get("/console").await.status(),
        StatusCode::SEE_OTHER
    );

    let mut statuses = Vec::new();
    for _ in 0..12 {
        let answer = browser.post("/console/login", &[("token", "wrong")]).await;
        statuses.push(answer.status());
        assert!(answer.headers().get("set-cookie").is_none());
    }
    assert_eq!(statuses[0], StatusCode::FORBIDDEN);
    assert_eq!(statuses[11], StatusCode::TOO_MANY_REQUESTS);
    let answer = browser.post("/console/login", &[("token", TOKEN)]).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    let log = sandbox.service.log();
    assert!(log.contains("wrong token") && !log.contains(TOKEN));
}

#[tokio::test]
async fn every_answer_forbids_foreign_scripts_frames_and_copies() {
    let sandbox = with_console().start().await;
    let browser = Browser::signed_in(&sandbox).await;
    for path in [
        "/console",
        "/console/events",
        "/console/console.js",
        "/console/login",
        "/console/nothing",
    ] {
        let answer = browser.get(path).await;
        let headers = answer.headers();
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let policy = headers["content-security-policy"].to_str().unwrap();
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let page = answer.text().await.unwrap();
        // Nothing inline, nothing from elsewhere.
        if page.starts_with("<!DOCTYPE") {
            for never in ["<style", " style=", " onclick", "https://", "<script>"] {
                assert!(!page.contains(never), "{path} has {never}");
            }
        }
    }
    let gone = browser.get("/console/nothing").await.status();
    assert_eq!(gone, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_hostile_webhook_is_text_and_its_addresses_are_masked_until_asked_for() {
    let sandbox = with_console().start().await;
    let hostile = "</pre><script>alert(1)</script><img src=x onerror=alert(2)> ada@example.com";
    let kind = "space.<b>updated</b>";
    let body = subscription(kind, "5c0f0e7a", hostile);
    let taken = sandbox.clients.send_webhook(body.clone()).await;
    assert_eq!(taken.status(), StatusCode::OK);
    sandbox.forwarded().await;
    let browser = Browser::signed_in(&sandbox).await;
    let list = browser.page("/console/events").await;
    let (_, rest) = list.split_once("data-event=\"").unwrap();
    let id = rest.split('"').next().unwrap();
    let whole = browser.page(&format!("/console/event?id={id}")).await;
    for page in [&list, &whole] {
        assert!(!page.contains("<script>alert") && !page.contains("<img"));
        assert!(!page.contains("<b>updated"));
        assert!(page.contains("&lt;script&gt;alert(1)"));
        assert!(page.contains("a•••@•••.com") && !page.contains("ada@example"));
    }
    let secret = browser.form_secret().await;
    let form = [("id", id), ("form_secret", &secret)];
    let answer = browser.post("/console/event", &form).await;
    let revealed = answer.text().await.unwrap();
    assert!(revealed.contains("ada@example.com") && !revealed.contains("<script>alert"));
    let line = sandbox.service.line_with("revealed the addresses").await;
    assert!(line.contains("\"audit\""), "{line}");
    assert!(!sandbox.service.log().contains("ada@example"));
}

#[tokio::test]
async fn the_feed_shows_a_webhook_within_a_second_and_then_its_state() {
    for builder in [with_console(), with_console().with_mongodb()] {
        let sandbox = builder.start().await;
        let browser = Browser::signed_in(&sandbox).await;
        let mut feed = browser.get("/console/feed?kind=space.seen").await;
        assert_eq!(feed.headers()["content-type"], "text/event-stream");
        let mut text = String::new();
        while !text.contains("event: live") {
            text += std::str::from_utf8(&feed.chunk().await.unwrap().unwrap()).unwrap();
        }
        assert!(!text.contains("event: row"));
        for (kind, id) in [("space.other", "aaaa"), ("space.seen", "bbbb")] {
            let body = subscription(kind, id, "word");
            assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
        }
        eventually_within(Duration::from_secs(1), "the row shows", async || {
            text += std::str::from_utf8(&feed.chunk().await.unwrap().unwrap()).unwrap();
            let is_there = text.contains("event: row") && text.contains("bbbb");
            is_there.then_some(()).ok_or_else(|| text.clone())
        })
        .await;
        eventually("its state shows", async || {
            if text.contains("</span> done") {
                return Ok(());
            }
            text += std::str::from_utf8(&feed.chunk().await.unwrap().unwrap()).unwrap();
            Err(text.clone())
        })
        .await;
        assert!(!text.contains("aaaa"));
    }
}

#[tokio::test]
async fn dead_letters_are_tried_dry_and_then_replayed_by_forms_of_this_session_alone() {
    let mut sandbox = with_console().start().await;
    ingest(&sandbox, (0..3).map(|number| event(number, "event.dead"))).await;
    projected(&sandbox).await;
    sandbox.service.terminate().await;
    give_up_on_all(&sandbox);
    sandbox.service.restart().await;
    sandbox.ready().await;
    let browser = Browser::signed_in(&sandbox).await;
    let list = browser.page("/console/dead-letters").await;
    assert_eq!(list.matches("type=\"checkbox\"").count(), 3);
    assert!(list.contains("the record would not take it"));

    let secret = browser.form_secret().await;
    let [first, second] = [0, 1].map(|number| event(number, "").event_id);
    let form = [
        ("id", &first[..]),
        ("id", &second),
        ("form_secret", &secret),
    ];
    let answer = browser.post("/console/dry-run", &form).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let told = answer.text().await.unwrap();
    assert!(told.contains("Nothing was changed.") && told.contains("2 webhooks"));
    let list = browser.page("/console/dead-letters").await;
    assert_eq!(list.matches("type=\"checkbox\"").count(), 3);

    for wrong in [&form[..2], &[form[0], ("form_secret", &"0".repeat(64))]] {
        let answer = browser.post("/console/replay", wrong).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }
    let request = browser
        .http
        .post(sandbox.service_admin_url("/console/replay"));
    let foreign = request
        .header("cookie", &browser.cookie)
        .header("origin", "https://evil.example")
        .body(format!("id={first}&form_secret={secret}"));
    let answer = foreign.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let list = browser.page("/console/dead-letters").await;
    assert_eq!(list.matches("type=\"checkbox\"").count(), 3);

    let answer = browser.post("/console/replay", &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    eventually("they are no longer dead", async || {
        let list = browser.page("/console/dead-letters").await;
        match list.matches("type=\"checkbox\"").count() {
            1 => Ok(()),
            count => Err(count.to_string()),
        }
    })
    .await;
    let line = sandbox.service.line_with("replayed webhooks").await;
    assert!(
        line.contains("\"audit\"") && line.contains("\"count\":2"),
        "{line}"
    );
}

#[tokio::test]
async fn a_member_is_found_by_any_name_and_has_a_timeline() {
    let sandbox = with_console().start().await;
    let world = sandbox.fake.world().await;
    let id = world.text("/members/0/id");
    let member = world.one("members", "id", &id).clone();
    let body = json!({
        "networkId": integration_tests::sandbox::NETWORK_ID, "context": "NETWORK",
        "currentSettings": [], "type": "SUBSCRIPTION",
        "data": {
            "id": "dddd", "name": "member.updated", "noun": "MEMBER", "verb": "UPDATED",
            "time": "2026-01-02T03:04:05.678Z", "actor": { "id": id }, "object": member,
        },
    });
    let taken = sandbox.clients.send_webhook(body.to_string()).await;
    assert_eq!(taken.status(), StatusCode::OK);
    sandbox.forwarded().await;
    projected(&sandbox).await;
    let browser = Browser::signed_in(&sandbox).await;
    let secret = browser.form_secret().await;
    let place = format!("/console/member?id={id}");
    for field in ["id", "username", "email"] {
        let who = member[field].as_str().unwrap();
        let form = [("who", who), ("form_secret", &secret)];
        let answer = browser.post("/console/members", &form).await;
        assert_eq!(answer.headers()["location"], place.as_str(), "{field}");
    }
    let page = browser.page(&place).await;
    assert!(page.contains(member["name"].as_str().unwrap()));
    assert!(page.contains("member.updated"), "{page}");
    assert!(!page.contains(member["email"].as_str().unwrap()));
    let of_member = browser.page(&format!("/console/events?member={id}")).await;
    assert_eq!(of_member.matches("data-event=").count(), 1);
    let form = [("who", "nobody-at-all"), ("form_secret", &secret)];
    let answer = browser.post("/console/members", &form).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn filters_narrow_the_list_and_a_wrong_one_is_refused_with_its_rule() {
    let sandbox = with_console().start().await;
    ingest(&sandbox, (0..60).map(|number| event(number, "event.a"))).await;
    ingest(&sandbox, (60..70).map(|number| event(number, "event.b"))).await;
    projected(&sandbox).await;
    let browser = Browser::signed_in(&sandbox).await;
    let rows = |page: &str| page.matches("data-event=").count();
    let first = browser.page("/console/events").await;
    assert_eq!(rows(&first), 50);
    assert!(first.contains("data-feed="));
    let (_, rest) = first.split_once("after=").unwrap();
    let after = rest.split('"').next().unwrap();
    let second = browser
        .page(&format!("/console/events?after={after}"))
        .await;
    assert_eq!(rows(&second), 20);
    assert!(!second.contains("data-feed="));
    for (query, count) in [
        ("kind=event.b", 10),
        ("kind=event.b&state=done", 10),
        ("state=dead", 0),
        ("member=nobody", 0),
        ("from=2001-01-01T00:00&kind=event.b", 10),
        ("until=2001-01-01T00:00", 0),
    ] {
        let page = browser.page(&format!("/console/events?{query}")).await;
        assert_eq!(rows(&page), count, "{query}");
    }
    for (query, rule) in [
        ("state=odd", "must be pending, done or dead"),
        ("from=yesterday", "must look like"),
        (
            "from=2026-01-02T00:00&until=2026-01-01T00:00",
            "must be later",
        ),
        ("member=a%20b", "without spaces"),
        ("after=zz", "is damaged"),
    ] {
        let answer = browser.get(&format!("/console/events?{query}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.text().await.unwrap().contains(rule), "{query}");
    }
}

#[tokio::test]
async fn the_overview_tells_of_every_part_and_of_the_edge() {
    let mut sandbox = with_console().start().await;
    let edge = sandbox.edge_admin_url("");
    sandbox.service.set("COMMUNITY_SVC_CONSOLE_EDGE_URL", &edge);
    sandbox.service.terminate().await;
    sandbox.service.start().await;
    sandbox.ready().await;
    let browser = Browser::signed_in(&sandbox).await;
    shows(&browser, "Its queue is empty.").await;
    shows(&browser, "requests to BetterMode left").await;
    ingest(&sandbox, [event(1, "space.created")]).await;
    shows(&browser, "space.created came last").await;
    let page = browser.page("/console").await;
    for part in [
        "BetterMode",
        "Cache",
        "Event store",
        "Circuit breaker",
        "Edge",
    ] {
        assert!(page.contains(&format!("<h3>{part}")), "{part}");
    }
    assert_eq!(page.matches("<figure").count(), 6);
    sandbox.edge.ask_to_end();
    shows(&browser, "Needs attention: Edge.").await;
}

async fn shows(browser: &Browser<'_>, text: &str) {
    eventually(text, async || {
        let page = browser.page("/console/overview").await;
        page.contains(text).then_some(()).ok_or(page)
    })
    .await;
}
