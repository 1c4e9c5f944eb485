// Ids that a page must show as the text they are: markup, paths, every script of the world, and the longest.
export const HOSTILE = [
  "<script>alert(1)</script>",
  "\"><img src=x onerror=alert(1)>",
  "' onfocus='alert(1)' autofocus='",
  "</title></svg><svg onload=alert(1)>",
  "javascript:alert(1)",
  "../../etc",
  "..",
  "a/b?c#d%",
  "%3Cb%3E&lt;b&gt;&amp;",
  "☕️ 👩‍👩‍👧 🇨🇳",
  "上海的王小姐",
  "مريم 123 العلي",
  "evil\u202egnp.exe",
  "W".repeat(128),
  "long words with spaces, ".repeat(5),
];
