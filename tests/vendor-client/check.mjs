// The vendor's own npm client (@tribeplatform/gql-client 2.4.0) against a running
// fake-bettermode: it gets a token, reads a member, lists posts, creates one.
//
// The fake has to speak the newer schema, which this client's own documents need, and to
// run with FAKE_BETTERMODE_NO_LIMITS=true: one list of posts costs more than the free
// plan allows in 10 seconds.
//
// Settings: FAKE_URL, FAKE_CLIENT_ID, FAKE_CLIENT_SECRET, FAKE_NETWORK_ID.
// Run it where the package is installed (the folder that holds node_modules). Prints
// one JSON line; exits with 1 when a step fails.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

// By its path: the package's `exports` name TypeScript sources, which node cannot run.
const built = 'node_modules/@tribeplatform/gql-client/dist/client/index.js'
const { TribeClient } = await import(pathToFileURL(join(process.cwd(), built)).href)

const { FAKE_URL, FAKE_CLIENT_ID, FAKE_CLIENT_SECRET, FAKE_NETWORK_ID } = process.env

function wants(condition, what) {
  if (!condition) throw new Error(what)
}

async function check() {
  const client = new TribeClient({
    graphqlUrl: FAKE_URL,
    clientId: FAKE_CLIENT_ID,
    clientSecret: FAKE_CLIENT_SECRET,
  })
  const token = await client.generateToken({ networkId: FAKE_NETWORK_ID })
  wants(token?.split('.').length === 3, 'generateToken gave no JWT')
  client.setToken(token)

  const members = await client.members.list({ limit: 2 }, 'basic')
  wants(members.edges?.length === 2, 'members.list did not give two members')
  const id = members.edges[0].node.id
  const member = await client.members.get({ id }, 'basic')
  wants(member.id === id && member.email?.includes('@'), 'members.get gave another member')

  const posts = await client.posts.list({ limit: 3 }, 'basic')
  wants(posts.nodes?.length === 3, 'posts.list did not give three posts')

  // Where somebody wrote before, somebody can write again with the same type.
  const { spaceId, postTypeId, mappingFields } = posts.nodes[0]
  const created = await client.posts.create(
    {
      spaceId,
      input: { postTypeId, publish: true, mappingFields },
    },
    'basic',
  )
  wants(created.status === 'PUBLISHED', 'posts.create did not publish')
  const read = await client.posts.get({ id: created.id }, 'basic')
  wants(read.id === created.id, 'the created post cannot be read')
  wants(read.title === posts.nodes[0].title, 'the created post has another title')

  return { ok: true, memberId: id, posts: posts.totalCount, createdPostId: created.id }
}

try {
  console.log(JSON.stringify(await check()))
} catch (error) {
  const errors = error?.response?.errors
  console.log(JSON.stringify({ ok: false, error: errors ?? String(error) }))
  process.exit(1)
}
