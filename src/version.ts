/** The version of this package, as in package.json. */
export const version = '0.1.0';

/** The lowest version of Node that it runs on: the one that npm installs with it. */
export const lowestNode = '24.21.0';
