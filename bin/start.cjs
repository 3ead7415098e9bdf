'use strict';

const { enableCompileCache } = require('node:module');
const { homedir } = require('node:os');
const { join } = require('node:path');

// The compiled code is kept for the next start in a folder of the user's own: in a shared one, others could plant theirs.
enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hanaper', 'compile-cache'));
require('../dist/bin/main.cjs');
