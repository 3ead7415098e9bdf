#!/usr/bin/env sh
// 2>/dev/null; file=$(readlink -f "$0"); . "${file%/*}/start.sh"

'use strict';

// The shell runs the second line, where `//` is a folder and so does nothing, and does not return from start.sh.
// To Node both lines are comments. An old Node must be able to read this file: what is newer is loaded after the check.
const { existsSync } = require('node:fs');
const { dirname, join } = require('node:path');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 24 || (major === 24 && minor >= 21)) require('./start.cjs');
else {
  process.stderr.write(`hanaper needs Node 24.21 or newer, and this is ${process.version}. ${remedy()}\n`);
  process.exitCode = 1;
}

function remedy() {
  const root = dirname(__dirname);
  const name = `node-${process.platform}-${process.arch}`;
  const { optionalDependencies } = require('../package.json');
  if (optionalDependencies[name] === undefined || !hasGlibc()) return 'Install it: https://nodejs.org/en/download';
  if (isInstalled(name)) return `Type: ${__filename} (without "node" before it)`;
  // What npm publishes is without this file.
  if (existsSync(join(root, 'package-lock.json'))) return `Type: npm ci --prefix ${root}`;
  return 'Type: npm install -g hanaper --include=optional';
}

function hasGlibc() {
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

function isInstalled(name) {
  try {
    return require.resolve(`${name}/package.json`) !== '';
  } catch {
    return false;
  }
}
