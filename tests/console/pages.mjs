// Looks at the console in headless Chromium, in light and dark, at 1280 and 390 px: every
// page without an error in the console and without a request to anywhere else, without a
// serious fault by axe-core, no wider than the screen; the ways of the keyboard.
//
// Run it where playwright-core and axe-core are installed (the folder that holds
// node_modules). Settings: CONSOLE_URL, CONSOLE_TOKEN, CHROMIUM; SCREENSHOTS, a folder,
// keeps a picture of each page. Prints one JSON line; exits with 1 when it could not look.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(process.cwd(), 'node_modules/'))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const { CONSOLE_URL, CONSOLE_TOKEN, CHROMIUM, SCREENSHOTS } = process.env
const WIDTHS = [1280, 390]
const SCHEMES = ['light', 'dark']

const faults = []
const looked = []

async function look(page, name) {
  const view = page.viewportSize()
  const where = `${name} ${view.width} ${page.scheme}`
  // Nothing moves any more: a colour on its way would be judged.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)))
  const results = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`)
  for (const { id, impact, help, nodes } of results.violations) {
    if (impact === 'serious' || impact === 'critical') {
      faults.push(`${where}: ${id} (${impact}): ${help}: ${nodes[0].html} ${nodes[0].failureSummary}`)
    }
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (wide > 0) faults.push(`${where}: ${wide} px wider than the screen`)
  if (SCREENSHOTS) {
    await page.screenshot({ path: join(SCREENSHOTS, `${where.replaceAll(' ', '-')}.png`), fullPage: true })
  }
  looked.push({ where, rules: results.passes.length })
}

function watch(page, scheme) {
  page.scheme = scheme
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      faults.push(`${page.url()}: ${message.text()}`)
    }
  })
  page.on('pageerror', (error) => faults.push(`${page.url()}: ${error}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(CONSOLE_URL)) faults.push(`asked for ${request.url()}`)
  })
}

const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement
    return { text: at.textContent.trim(), tag: at.tagName, outline: getComputedStyle(at).outlineStyle }
  })

// Presses Tab until something with this text has the focus, which must show.
async function tabTo(page, text) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab')
    const at = await focused(page)
    if (at.text.startsWith(text)) {
      if (at.outline === 'none') faults.push(`the focus does not show on ${text}`)
      return
    }
  }
  throw new Error(`the keyboard does not lead to ${text} on ${page.url()}`)
}

// From signing in to a replay, and out again, with the keyboard alone.
async function byKeyboard(page) {
  await page.goto(`${CONSOLE_URL}/dead-letters`)
  // The browser gives the field the focus a moment after the page has loaded.
  await page.waitForFunction(() => document.activeElement.id === 'token')
  await page.keyboard.type(CONSOLE_TOKEN)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${CONSOLE_URL}/dead-letters`)
  await page.keyboard.press('Tab')
  if ((await focused(page)).text !== 'Skip to content') faults.push('the first stop is no skip link')
  await page.keyboard.press('Enter')
  await tabTo(page, 'Choose all')
  await page.keyboard.press('Space')
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${CONSOLE_URL}/dry-run`)
  await look(page, 'dry-run')
  await tabTo(page, 'Replay ')
  await page.keyboard.press('Enter')
  await page.waitForURL(/replayed=/)
  await page.goto(`${CONSOLE_URL}/events`)
  await page.locator('[data-state=live]').waitFor()
  await page.locator('summary').first().focus()
  await page.keyboard.press('Enter')
  await page.locator('details[open] pre').waitFor()
  await tabTo(page, 'Open')
  await page.keyboard.press('Enter')
  await page.waitForURL(/event\?id=/)
}

async function allPages(page, scheme) {
  await page.goto(CONSOLE_URL)
  await look(page, 'login')
  await page.fill('#token', CONSOLE_TOKEN)
  await page.click('main button')
  await page.waitForURL(CONSOLE_URL)
  await page.locator('.chart').first().waitFor()
  await look(page, 'overview')
  await page.locator('.chart summary').first().click()
  await look(page, 'numbers')
  await page.goto(`${CONSOLE_URL}/events`)
  await page.locator('[data-state=live]').waitFor()
  await look(page, 'events')
  await page.locator('summary').first().click()
  await look(page, 'row')
  await page.goto(await page.locator('details[open] .inside a').first().evaluate((link) => link.href))
  await look(page, 'event')
  await page.goto(`${CONSOLE_URL}/dead-letters`)
  await look(page, 'dead-letters')
  await page.goto(`${CONSOLE_URL}/members`)
  await look(page, 'members')
  await page.fill('#who', process.env.CONSOLE_MEMBER)
  await page.click('main button')
  await page.waitForURL(/member\?id=/)
  await look(page, 'member')
  await page.click('header button')
  await page.waitForURL(`${CONSOLE_URL}/login`)
}

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  // Containers seldom allow the sandbox, and only pages of ours are opened.
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
})
try {
  for (const width of WIDTHS) {
    for (const scheme of SCHEMES) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        reducedMotion: 'reduce',
      })
      const page = await context.newPage()
      watch(page, scheme)
      await allPages(page, scheme)
      if (width === WIDTHS.at(-1) && scheme === SCHEMES.at(-1)) await byKeyboard(page)
      await context.close()
    }
  }
  // Without JavaScript the pages still show what there is.
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${CONSOLE_URL}/events`)
  await page.fill('#token', CONSOLE_TOKEN)
  await page.click('main button')
  await page.waitForURL(`${CONSOLE_URL}/events`)
  if ((await page.locator('[data-event]').count()) === 0) faults.push('nothing shows without JavaScript')
  console.log(JSON.stringify({ faults, looked }))
} finally {
  await browser.close()
}
