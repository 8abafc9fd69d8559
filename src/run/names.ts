/** @file The names of the files in a run's folder. */
export const RUN_FILES = {
  manifest: 'manifest.json',
  cells: 'cells.json',
  images: 'images.json',
  generated: 'generated.json',
  vote: 'vote.html',
  rows: 'rows.jsonl',
  csv: 'results.csv',
  parquet: 'results.parquet',
  report: 'report.html',
  findings: 'findings.json',
  findingsCsv: 'findings.csv',
  lock: 'run.lock',
} as const;
