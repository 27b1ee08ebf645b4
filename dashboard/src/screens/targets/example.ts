/** A target to begin with, as docs/targets.md has it. */
export const example = `targets:
  - name: watchtower
    kind: watchtower
    url: http://watchtower:8080
    token: "\${WATCHTOWER_TOKEN}"
    repository: [nginx]
    tag: ["1.27", latest]`;
