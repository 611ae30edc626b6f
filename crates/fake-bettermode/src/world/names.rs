//! Invented people, places and topics of the demo. Nobody in here exists; every
//! address is in a domain that is reserved for examples.

pub(crate) const FIRST: &[&str] = &[
    "Amara", "Bjarne", "Camila", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas",
    "Kavya", "Lorenzo", "Mei", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tariq",
    "Uma", "Viktor", "Wanda", "Ximena", "Yusuf", "Zofia", "Anouk", "Bastien", "Chidi", "Delphine",
];

pub(crate) const LAST: &[&str] = &[
    "Okafor",
    "Lindqvist",
    "Moreau",
    "Petrov",
    "Yildiz",
    "Haddad",
    "Brandt",
    "Tanaka",
    "Carvalho",
    "Weber",
    "Iyer",
    "Ricci",
    "Zhang",
    "Karim",
    "Nowak",
    "Sharma",
    "Dubois",
    "Alvarez",
    "Berg",
    "Aziz",
    "Reddy",
    "Horvat",
    "Kowalska",
    "Rojas",
    "Demir",
    "Wozniak",
    "Visser",
    "Laurent",
    "Eze",
    "Martin",
];

pub(crate) const TAGLINES: &[&str] = &[
    "Builds bridges between tools",
    "Coffee first, dashboards second",
    "Community manager, part-time gardener",
    "Learning something new every week",
    "Ask me about onboarding",
    "Maps, trains and spreadsheets",
    "Support engineer by day",
    "Here for the events",
];

pub(crate) const CITIES: &[&str] = &[
    "Lisbon", "Utrecht", "Lagos", "Osaka", "Krakow", "Montreal", "Pune", "Izmir",
];

/// Name, slug, kind, private, emoji shortcode, description, slugs of the post types.
pub(crate) type SpaceSeed = (
    &'static str,
    &'static str,
    &'static str,
    bool,
    &'static str,
    &'static str,
    &'static [&'static str],
);

pub(crate) const SPACES: &[SpaceSeed] = &[
    (
        "General",
        "general",
        "Group",
        false,
        ":speech_balloon:",
        "Say hello and talk about anything",
        &["discussion", "question"],
    ),
    (
        "Help desk",
        "help-desk",
        "Group",
        false,
        ":raised_hand:",
        "Questions, and the answers people found",
        &["question", "discussion"],
    ),
    (
        "Announcements",
        "announcements",
        "Broadcast",
        false,
        ":mega:",
        "News from the team; only the team posts here",
        &["discussion"],
    ),
    (
        "Meetups",
        "meetups",
        "Group",
        false,
        ":calendar:",
        "When and where we meet",
        &["event", "discussion"],
    ),
    (
        "Ideas",
        "ideas",
        "Group",
        false,
        ":bulb:",
        "What should exist and does not yet",
        &["discussion"],
    ),
    (
        "Show and tell",
        "show-and-tell",
        "Group",
        false,
        ":sparkles:",
        "What you made, finished or not",
        &["discussion"],
    ),
    (
        "Integrations",
        "integrations",
        "Group",
        false,
        ":electric_plug:",
        "Wiring the community to other tools",
        &["question", "discussion"],
    ),
    (
        "Moderators",
        "moderators",
        "Group",
        true,
        ":shield:",
        "For the people who keep this place kind",
        &["discussion"],
    ),
];

pub(crate) const TAGS: &[&str] = &["News", "How-to", "Feedback", "Release", "Welcome", "Events"];

/// Slug of the space, slug of the post type, title, text.
pub(crate) type TopicSeed = (&'static str, &'static str, &'static str, &'static str);

pub(crate) const TOPICS: &[TopicSeed] = &[
    (
        "general",
        "discussion",
        "Introduce yourself",
        "Where are you, what are you working on, and what brought you here?",
    ),
    (
        "general",
        "discussion",
        "What are you reading this month?",
        "Books, papers, long articles: bring one, take one.",
    ),
    (
        "general",
        "discussion",
        "A small thank you",
        "Somebody here answered my question at midnight. You know who you are.",
    ),
    (
        "general",
        "question",
        "How do you keep up with new posts?",
        "There are more every week. Do you read by e-mail, by feed, or only when you visit?",
    ),
    (
        "help-desk",
        "question",
        "Why does my picture look blurred?",
        "I uploaded a square one, but in the list it looks soft. Is there a smallest size?",
    ),
    (
        "help-desk",
        "question",
        "Can I change my user name later?",
        "I joined with my old company's name in it.",
    ),
    (
        "help-desk",
        "question",
        "Notifications arrive twice",
        "One by e-mail and one in the bell. How do I keep only the bell?",
    ),
    (
        "help-desk",
        "discussion",
        "Tips for a good question",
        "Say what you tried, what you saw, and what you expected. Pictures help.",
    ),
    (
        "announcements",
        "discussion",
        "Spring release: faster search",
        "Search now looks into replies too, and finds people by their tagline.",
    ),
    (
        "announcements",
        "discussion",
        "Planned maintenance on Sunday",
        "The community is read-only from 06:00 to 07:00 UTC.",
    ),
    (
        "meetups",
        "event",
        "Open office hours",
        "Bring your questions; no slides, no agenda.",
    ),
    (
        "meetups",
        "event",
        "Autumn meetup in Lisbon",
        "Two talks, one walk, many pastries.",
    ),
    (
        "meetups",
        "discussion",
        "Where should we meet next?",
        "Vote with a reply. Trains beat planes.",
    ),
    (
        "ideas",
        "discussion",
        "A map of members",
        "City level only, and only for those who want to be on it.",
    ),
    (
        "ideas",
        "discussion",
        "Weekly digest by topic",
        "I would read one mail about integrations and skip the rest.",
    ),
    (
        "show-and-tell",
        "discussion",
        "My reading list as a post a week",
        "Fifty-two weeks in, here is what I learned about habits.",
    ),
    (
        "show-and-tell",
        "discussion",
        "A dashboard of our busiest hours",
        "Tuesday at ten. It is always Tuesday at ten.",
    ),
    (
        "integrations",
        "question",
        "Webhooks and retries: what do you do?",
        "I store the event id first and answer after that. Anybody doing it differently?",
    ),
    (
        "integrations",
        "discussion",
        "Syncing members into our wiki",
        "One way only, once an hour, and never the e-mail address.",
    ),
    (
        "moderators",
        "discussion",
        "How we handle duplicate posts",
        "Link to the older one, lock the newer one, thank the author.",
    ),
];

pub(crate) const REPLIES: &[&str] = &[
    "Thank you, this helped me today.",
    "Same here. I thought it was only me.",
    "Could you say more about the second point?",
    "We tried that last year, and it went better than expected.",
    "I would join for that.",
    "Good question. I asked the team and will report back.",
    "Works for me since yesterday's change.",
    "Adding this to my notes.",
];

pub(crate) const REACTIONS: &[&str] = &["+1", "heart", "tada"];
