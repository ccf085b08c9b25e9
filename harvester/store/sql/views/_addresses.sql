-- The addresses that a post names and those that the configuration puts in one line, made comparable; private.
-- holder: a subject, or a statement (source IS NULL): all of its pages are one work.
CREATE OR REPLACE VIEW store.addresses AS
WITH written AS (
    SELECT src.person, c.source, c.stable_id AS holder, c.title, c.published_at, c.name = a.address AS is_name, a.address
    FROM store.current_names AS c
    JOIN store.sources AS src ON src.source = c.source
    CROSS JOIN LATERAL (SELECT unnest(list_distinct([c.name, c.url])) AS address) AS a
    WHERE c.kind IN ('post', 'video', 'talk')
    UNION ALL
    SELECT p.person, NULL, s.work, NULL, NULL, s.address = s.work, s.address
    FROM (SELECT DISTINCT work, unnest(list_distinct([work, alias])) AS address FROM store.aliases) AS s
    CROSS JOIN (SELECT DISTINCT person FROM store.sources) AS p
),
split AS (
    SELECT
        *,
        regexp_extract(
            trim(address),
            '^(?i:https?)://(?:[^/?#]*@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$',
            ['host', 'path', 'query', 'fragment']
        ) AS part
    FROM written
),
-- What connectors leave out of the addresses that they make (connectors/links.py) is no difference here either.
plain AS (
    SELECT
        * EXCLUDE (part),
        part.fragment AS fragment,
        regexp_replace(lower(part.host), '\.?(?::(?:80|443))?$', '') AS host,
        rtrim(
            CASE WHEN contains(part.path, '%') THEN coalesce(try(url_decode(part.path)), part.path) ELSE part.path END, '/'
        ) AS path,
        CASE WHEN part.query <> '' THEN array_to_string(list_filter(
            string_split(part.query, '&'),
            lambda pair: pair <> '' AND NOT regexp_full_match(
                split_part(pair, '=', 1),
                '(?i)utm_.*|mtm_.*|hsa_.*|pk_(?:campaign|kwd|keyword|source|medium|content)|matomo_.*|wt_mc|wt_zmc|'
                || 'fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|igsh|li_fat_id|'
                || 'mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|vero_id|oly_anon_id|oly_enc_id|ref_src|ref_url|__s'
            )
        ), '&') ELSE '' END AS query
    FROM split
    WHERE part.host <> ''
),
addressed AS (
    SELECT *, host || path || CASE query WHEN '' THEN '' ELSE '?' || query END AS address_page FROM plain
),
-- A page can hold several posts, such as a changelog: there the fragment names the post, as the feed tells it.
parted AS (
    SELECT DISTINCT person, address_page
    FROM addressed
    WHERE is_name AND published_at IS NOT NULL AND fragment <> ''
),
paged AS (
    SELECT
        a.*,
        a.address_page = a.host AS is_root,
        CASE WHEN p.person IS NOT NULL AND a.fragment <> '' THEN a.address_page || '#' || a.fragment
        ELSE a.address_page END AS page
    FROM addressed AS a
    LEFT JOIN parted AS p USING (person, address_page)
),
single AS (
    SELECT person, source, holder
    FROM paged
    GROUP BY ALL
    HAVING min(page) = max(page)
),
-- Some feeds give every post the address of the site, some speakers every talk that of the conference: it names none.
shared AS (
    SELECT person, source, page
    FROM paged
    SEMI JOIN single USING (person, source, holder)
    WHERE published_at IS NOT NULL
    GROUP BY ALL
    HAVING count(DISTINCT title) > 1
)
SELECT p.person, p.source, p.holder, p.host, p.page, p.address, p.is_name, p.published_at IS NOT NULL AS is_dated
FROM paged AS p
LEFT JOIN shared AS s ON s.person = p.person AND s.source = p.source AND s.page = p.page
WHERE p.published_at IS NULL OR NOT (p.is_root OR s.page IS NOT NULL);
