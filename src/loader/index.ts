/** From a path to verified bytes to a running module. It needs trust, not a database. */
export {
  createLoader,
  type Loader,
  type LoaderOptions,
  type LoadOptions,
  type SecurityConfig,
} from './create-loader.ts';
export { instantiate, type LoadedPackage, type PackageKind, type VerifiedPackage } from './verified-package.ts';
