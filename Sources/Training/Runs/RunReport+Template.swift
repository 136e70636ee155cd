/// The page of `RunReport`; Mustache escapes every value.
let reportTemplate = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{name}}</title>
    <style>
    :root { color-scheme: light dark; --ink: #1c2430; --soft: #6b7686; --line: #dfe4ea; --paper: #fff;
      --card: #f6f8fa; --accent: 24, 119, 242; --wrong: 214, 69, 65; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #93a0b1; --line: #2c3440;
      --paper: #12161c; --card: #1a2028; --accent: 96, 165, 250; --wrong: 248, 113, 113; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      max-width: 64rem; margin: 2.5rem auto; padding: 0 1.25rem; }
    h1 { font-size: 1.9rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.4rem 0 .8rem; }
    p.lead { color: var(--soft); margin: .2rem 0 1.6rem; }
    .row { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .8rem; }
    .wide { grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
    .card b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
    .card span { color: var(--soft); font-size: .85rem; }
    svg { width: 100%; height: auto; display: block; }
    polyline { fill: none; stroke: rgb(var(--accent)); stroke-width: 2; stroke-linejoin: round; }
    svg line { stroke: var(--line); } svg text { fill: var(--soft); font-size: 10px; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    td, th { padding: .35rem .6rem; text-align: center; font-weight: 500; }
    th { color: var(--soft); font-size: .85rem; } th:first-child, td.text { text-align: left; }
    .matrix td { min-width: 2.2rem; border: 1px solid var(--paper); border-radius: .3rem; }
    td.hit { background: rgba(var(--accent), calc(.06 + .7 * var(--shade))); }
    td.miss { background: rgba(var(--wrong), calc(.03 + .9 * var(--shade))); }
    .scroll { overflow-x: auto; }
    .remark { border-left: .25rem solid rgb(var(--wrong)); padding-left: .8rem; }
    pre { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; overflow-x: auto; }
    </style>
    </head>
    <body>
    <h1>{{name}}</h1>
    <p class="lead">Video classification: frozen {{encoder}}, Q-Former, head.</p>
    <div class="row">{{#figures}}<div class="card"><b>{{value}}</b><span>{{name}}</span></div>{{/figures}}</div>
    {{#remarks}}<p class="remark">{{.}}</p>{{/remarks}}
    <h2>Training</h2>
    <div class="row wide">{{#charts}}<div class="card"><span>{{title}}: {{last}}</span>
    <svg viewBox="0 0 320 140" role="img" aria-label="{{title}} over epochs"><line x1="10" y1="130" x2="310" y2="130"/>
    <line x1="10" y1="10" x2="10" y2="130"/><polyline points="{{path}}"/>
    <text x="310" y="9" text-anchor="end">{{top}}</text></svg></div>{{/charts}}</div>
    {{#tasks}}{{#title}}<h2>Task {{.}}</h2>{{/title}}
    <div class="row">{{#figures}}<div class="card"><b>{{value}}</b><span>{{name}}</span></div>{{/figures}}</div>
    {{#hasMatrix}}<h2>Confusion matrix, {{heading}}</h2>
    <div class="scroll"><table class="matrix"><tr><th>true ↓ predicted →</th>{{#classes}}<th>{{.}}</th>{{/classes}}</tr>
    {{#matrix}}<tr><th>{{name}}</th>{{#cells}}<td class="{{kind}}" style="--shade:{{shade}}">{{count}}</td>{{/cells}}</tr>
    {{/matrix}}</table></div>{{/hasMatrix}}
    {{#isLarge}}<h2>Most frequent confusions, {{heading}}</h2>
    <table><tr><th>true</th><th>predicted</th><th>questions</th></tr>
    {{#confusions}}<tr><td class="text">{{label}}</td><td class="text">{{prediction}}</td><td>{{count}}</td></tr>
    {{/confusions}}</table>{{/isLarge}}
    <h2>Classification report, {{heading}}</h2>
    <pre>{{report}}</pre>
    <h2>Hardest clips, {{heading}}</h2>
    <table>{{#hardest}}<tr><td class="text">{{key}}</td><td class="text">{{video}}</td><td class="text">{{prompt}}</td>
    <td class="text">{{label}}</td><td class="text">{{verdict}}</td><td>loss {{loss}}</td></tr>{{/hardest}}</table>
    {{/tasks}}
    <h2>Configuration</h2>
    <table>{{#options}}<tr><th>{{name}}</th><td class="text">{{value}}</td></tr>{{/options}}</table>
    </body>
    </html>
    """
