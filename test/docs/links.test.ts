import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { listPages, readPage, root } from './pages.ts';

const pages = listPages();

function withoutCode(text: string): string {
  return text
    .replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]]/g, ''));
}

function linksOf(page: string): readonly string[] {
  return [...withoutCode(readPage(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

// As GitHub makes anchors of headings.
function anchorsOf(page: string): readonly string[] {
  const headings = [...readPage(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, text = '']) => text);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(root + target)) return true;
  return anchor !== undefined && (!target.endsWith('.md') || !anchorsOf(target).includes(anchor));
}

test.each(pages)('every link of %s leads somewhere', (page) => {
  const inside = linksOf(page).filter((link) => !/^https?:/.test(link));
  expect(inside.filter((link) => isBroken(page, link))).toEqual([]);
});

test('every source file that the architecture names exists', () => {
  const named = [...readPage('docs/architecture.md').matchAll(/`([\w./-]+\/[\w./-]+\.ts)`/g)].map(
    ([, path = '']) => path,
  );
  const bases = ['', 'src/', 'src/authority/audit/'];
  const missing = named.filter(
    (path) => !path.includes('NOUN') && !bases.some((base) => existsSync(root + base + path)),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});

test('a link that leads nowhere is found', () => {
  for (const link of ['nowhere.md', 'docs/nowhere.md', 'LICENSE#anchor', 'README.md#nowhere', '#nowhere']) {
    expect(isBroken('README.md', link), link).toBe(true);
  }
  expect(isBroken('README.md', 'docs/errors.md#codes')).toBe(false);
});

test('every document can be reached from README.md', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const link of linksOf(page).filter((each) => !/^https?:/.test(each))) {
      const target = normalize(join(dirname(page), link.split('#')[0] ?? '')).replace(/\/$/, '');
      const folder = existsSync(root + target) && statSync(root + target).isDirectory();
      for (const each of pages) if (each === target || (folder && dirname(each) === target)) reached.add(each);
    }
  }
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});
