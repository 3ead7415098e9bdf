/** The style of the page at `/docs`: light or dark as the reader has it, and readable on a narrow screen. */
export const docsStyle = `
:root { color-scheme: light dark; --ink: light-dark(#1d2733, #dde3ea); --soft: light-dark(#5a6775, #98a5b3);
  --page: light-dark(#fdfdfc, #14191f); --panel: light-dark(#f2f4f6, #1c232b); --line: light-dark(#dfe3e8, #2e3741);
  --get: light-dark(#0b6b4f, #63d1ab); --post: light-dark(#8a4b00, #f0b45f); --patch: light-dark(#6a3fa0, #c3a3f2); }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 60rem; padding: 3rem 1.5rem 6rem; background: var(--page); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 .75rem; }
h2 { font-size: 1.4rem; margin: 4rem 0 0; padding-bottom: .35rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 .35rem; } h4 { font-size: .85rem; margin: 1.25rem 0 .25rem; color: var(--soft); font-weight: 600; }
p { margin: .35rem 0; max-width: 46rem; } .lead { font-size: 1.1rem; } .soft { color: var(--soft); font-size: .925rem; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .15em; }
code, pre { font: .875em/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: .25rem 0 0; padding: .8rem 1rem; background: var(--panel); border-radius: .4rem; overflow-x: auto; font-size: .82rem; }
nav { columns: 18rem; column-gap: 2.5rem; margin: 2rem 0 0; font-size: .925rem; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; break-inside: avoid; } nav li { margin: .15rem 0; }
nav li:first-child { font-weight: 600; }
section { margin: 2.25rem 0 0; } .route { margin: 0 0 .4rem; }
.method { font-weight: 700; margin-right: .4rem; } .GET { color: var(--get); } .POST { color: var(--post); } .PATCH { color: var(--patch); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } td:first-child { white-space: nowrap; } td:nth-child(2) { min-width: 9rem; }
`;
