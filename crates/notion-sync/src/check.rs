//! `notion-sync check`: what a new user needs to know before the first row is written.

use std::io::{self, Write};

use notion::{Client, DataSource, DataSourceId, PropertyKind};

use crate::community::Community;
use crate::mapping::{Layout, Mapping, Problem, Table};

/// What to check, and with what.
pub struct Check<'a, W> {
    /// Notion.
    pub notion: &'a Client,
    /// The community.
    pub community: &'a dyn Community,
    /// Which columns.
    pub mapping: &'a Mapping,
    /// Whether missing columns are added.
    pub create: bool,
    /// Where to say it.
    pub out: &'a mut W,
}

/// Columns as they were found.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    missing: usize,
    wrong: usize,
    added: usize,
}

impl<W: Write> Check<'_, W> {
    /// Tries everything and says how it is; true when the sync can run.
    ///
    /// # Errors
    /// When nothing can be written to `out`.
    pub async fn run(
        mut self,
        members: &notion::DatabaseId,
        activities: Option<&notion::DatabaseId>,
    ) -> io::Result<bool> {
        let mut fine = true;
        match self.notion.integration().await {
            Ok(name) => writeln!(self.out, "ok       Notion: the token is of \"{name}\"")?,
            Err(error) => {
                writeln!(self.out, "FAILED   Notion: {error}")?;
                fine = false;
            }
        }
        match self.community.version().await {
            Ok(version) => writeln!(self.out, "ok       community-svc {version} answers")?,
            Err(error) => {
                writeln!(self.out, "FAILED   {error}")?;
                fine = false;
            }
        }
        if !fine {
            return Ok(false);
        }
        let Some(hub) = self.source("NOTION_COMMUNITY_HUB_DB", members).await? else {
            return Ok(false);
        };
        let hub_id = hub.id.clone();
        let mapping = self.mapping;
        let mut counts = vec![self.table(&mapping.members, hub, &hub_id).await?];
        if let (Some(table), Some(id)) = (&mapping.activities, activities) {
            let Some(source) = self.source("NOTION_ACTIVITIES_DB", id).await? else {
                return Ok(false);
            };
            counts.push(self.table(table, source, &hub_id).await?);
        } else {
            let why = "activities get no rows: NOTION_ACTIVITIES_DB is not set, or the mapping has \
                       no [activities]";
            writeln!(self.out, "\n{why}")?;
        }
        self.verdict(&counts)
    }

    async fn source(
        &mut self,
        setting: &str,
        id: &notion::DatabaseId,
    ) -> io::Result<Option<DataSource>> {
        match self.notion.resolve(id).await {
            Ok(source) => {
                writeln!(
                    self.out,
                    "\n{setting}: \"{}\", data source {}",
                    source.name, source.id
                )?;
                Ok(Some(source))
            }
            Err(error) => {
                writeln!(self.out, "\nFAILED   {setting}: {error}")?;
                Ok(None)
            }
        }
    }

    async fn table<F: Clone>(
        &mut self,
        table: &Table<F>,
        source: DataSource,
        hub: &DataSourceId,
    ) -> io::Result<Count> {
        let problems = Layout::new(table, &source, hub).err().unwrap_or_default();
        let mut count = Count::default();
        let mut wanted: Vec<(&str, PropertyKind)> = vec![
            (&table.key, PropertyKind::RichText),
            (&table.hash, PropertyKind::RichText),
        ];
        let columns = table.columns.iter();
        wanted.extend(columns.map(|column| (column.name.as_str(), column.kind.clone())));
        for (name, kind) in &wanted {
            match problems.iter().find(|problem| problem.name() == *name) {
                None => writeln!(self.out, "ok       {name} ({kind})")?,
                Some(problem @ Problem::Missing { .. }) => {
                    count.missing += 1;
                    writeln!(self.out, "missing  {problem}")?;
                }
                Some(problem) => {
                    count.wrong += 1;
                    writeln!(self.out, "WRONG    {problem}")?;
                }
            }
        }
        let managed = |name: &str| wanted.iter().any(|(known, _)| *known == name);
        let others = source
            .properties
            .iter()
            .filter(|column| !managed(&column.name));
        let others: Vec<_> = others.map(|column| column.name.as_str()).collect();
        if !others.is_empty() {
            writeln!(self.out, "yours    never touched: {}", others.join(", "))?;
        }
        if self.create && count.missing > 0 {
            self.add(&problems, &source, hub, &mut count).await?;
        }
        Ok(count)
    }

    async fn add(
        &mut self,
        problems: &[Problem],
        source: &DataSource,
        hub: &DataSourceId,
        count: &mut Count,
    ) -> io::Result<()> {
        let missing = problems.iter().filter_map(|problem| match problem {
            Problem::Missing { name, kind } => {
                let related = (*kind == PropertyKind::Relation).then(|| hub.clone());
                Some((name.clone(), kind.clone(), related))
            }
            _ => None,
        });
        let missing: Vec<_> = missing.collect();
        match self.notion.add_columns(&source.id, &missing).await {
            Ok(_) => {
                count.added = missing.len();
                let names: Vec<_> = missing.iter().map(|(name, _, _)| name.as_str()).collect();
                writeln!(self.out, "added    {}", names.join(", "))
            }
            Err(error) => writeln!(self.out, "FAILED   {error}"),
        }
    }

    fn verdict(&mut self, counts: &[Count]) -> io::Result<bool> {
        let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum::<usize>();
        let missing = sum(|count| count.missing) - sum(|count| count.added);
        let wrong = sum(|count| count.wrong);
        writeln!(self.out)?;
        if missing + wrong == 0 {
            writeln!(
                self.out,
                "all columns are there: `notion-sync run` can begin"
            )?;
        } else {
            writeln!(
                self.out,
                "columns: {missing} missing, {wrong} of another type"
            )?;
        }
        if missing > 0 {
            writeln!(
                self.out,
                "add the missing ones in Notion, or let `notion-sync check --create` add them, or \
                 take them out of the mapping file; nothing was changed now"
            )?;
        }
        if wrong > 0 {
            writeln!(
                self.out,
                "a type is yours to change: in Notion (the column's menu, Edit property), or in the \
                 mapping file"
            )?;
        }
        Ok(missing + wrong == 0)
    }
}
