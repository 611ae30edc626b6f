// Reads a member, provokes two errors and sends a message.
//
// node build/example.js <folder of the protos> <address>[,<address>...] <member id>; the token,
// where the service wants one, is in COMMUNITY_SVC_TOKEN.

import type { ServiceError } from '@grpc/grpc-js'

import { call, connect, failureOf } from './bridge'

async function main(protos: string, addresses: string, memberId: string) {
  const community = connect(protos, addresses.split(','), process.env.COMMUNITY_SVC_TOKEN)
  // Time-out and retries come from the service config.
  const getMember = community.GetMember.bind(community)
  const answer = await call(getMember, { memberId })
  console.log(`member ${answer?.member?.username}`)

  try {
    await call(getMember, { memberId: 'nobody0000' })
  } catch (error) {
    const { code, reason, help } = failureOf(error as ServiceError)
    console.log(`error ${code} ${reason} ${help}`)
  }

  try {
    const post = { spaceId: 'a b', title: 'Hello', text: 'World' }
    await call(community.CreatePost.bind(community), post)
  } catch (error) {
    const { code, reason, fields } = failureOf(error as ServiceError)
    console.log(`error ${code} ${reason} ${fields.join(',')}`)
  }

  const message = { recipientMemberId: memberId, text: 'Hello from TypeScript' }
  const sent = await call(community.SendDirectMessage.bind(community), message)
  console.log(`sent ${sent?.directMessage?.id}`)
  community.close()
}

const [protos, addresses, memberId] = process.argv.slice(2)
if (!protos || !addresses || !memberId) throw new Error('name protos, addresses and a member')
main(protos, addresses, memberId).catch((error) => {
  console.error(error)
  process.exitCode = 1
})
