// Notion's own npm client (@notionhq/client 5.26.0) against a running fake-notion: it finds
// the data source of a database, makes a row, finds it, changes it, and is refused properly.
//
// Settings: FAKE_URL, FAKE_TOKEN, FAKE_DATABASE (the id of the seeded Community Hub).
// Run it where the package is installed. Prints one JSON line; exits with 1 when a step fails.

import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(process.cwd(), 'package.json'))
const { APIErrorCode, Client, isFullDatabase, isFullPage } = require('@notionhq/client')

const { FAKE_URL, FAKE_TOKEN, FAKE_DATABASE } = process.env

function wants(condition, what) {
  if (!condition) throw new Error(what)
}

async function refused(work) {
  try {
    await work
  } catch (error) {
    return error.code
  }
  throw new Error('nothing was refused')
}

async function check() {
  const notion = new Client({ auth: FAKE_TOKEN, baseUrl: FAKE_URL })
  const me = await notion.users.me({})
  wants(me.type === 'bot', 'users.me is no bot')

  const database = await notion.databases.retrieve({ database_id: FAKE_DATABASE })
  wants(isFullDatabase(database), 'the database is not whole')
  const data_source_id = database.data_sources[0].id
  const source = await notion.dataSources.retrieve({ data_source_id })
  wants(source.properties['Member Name'].type === 'title', 'the title is no title')

  const page = await notion.pages.create({
    parent: { type: 'data_source_id', data_source_id },
    properties: {
      'Member Name': { title: [{ text: { content: 'Ada' } }] },
      'Member Email': { rich_text: [{ text: { content: 'ada@example.org' } }] },
      Interests: { multi_select: [{ name: 'Engines' }] },
    },
  })
  wants(isFullPage(page), 'the page is not whole')

  const found = await notion.dataSources.query({
    data_source_id,
    filter: { property: 'Member Email', rich_text: { equals: 'ada@example.org' } },
    filter_properties: [source.properties['Member Name'].id],
  })
  wants(found.results.length === 1 && found.results[0].id === page.id, 'the row is not found')
  wants(Object.keys(found.results[0].properties).length === 1, 'columns were not filtered')

  const changed = await notion.pages.update({
    page_id: page.id,
    properties: { 'Engagement Score': { number: 40 } },
  })
  wants(changed.properties['Engagement Score'].number === 40, 'the number was not changed')

  const wrong = { 'Engagement Score': { number: 'forty' } }
  const code = await refused(notion.pages.update({ page_id: page.id, properties: wrong }))
  wants(code === APIErrorCode.ValidationError, `another code: ${code}`)
  const absent = await refused(notion.pages.retrieve({ page_id: FAKE_DATABASE }))
  wants(absent === APIErrorCode.ObjectNotFound, `another code: ${absent}`)
  const stranger = new Client({ auth: 'ntn_other', baseUrl: FAKE_URL })
  const unknown = await refused(stranger.users.me({}))
  wants(unknown === APIErrorCode.Unauthorized, `another code: ${unknown}`)
  return { ok: true, page: page.id }
}

try {
  console.log(JSON.stringify(await check()))
} catch (error) {
  console.log(JSON.stringify({ ok: false, error: String(error) }))
  process.exit(1)
}
