#!/usr/bin/env node
'use strict';

// Checks Node's version before anything newer is loaded, so this file keeps to what any Node can read.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 21)) {
  process.stderr.write(
    `hanaper needs Node 24.21 or newer, and this is ${process.version}. Install a newer one, or run it from its checkout through npm.\n`,
  );
  process.exitCode = 1;
} else {
  require('./start.cjs');
}
