namespace LoraBridge.Tests.TextGeneration.Jinja;

/// <summary>The expected texts are what Python's Jinja2 writes.</summary>
public class JinjaFilterTests
{
    [Theory]
    [InlineData("' a '|trim ~ 'a'|upper ~ 'A'|lower ~ 'ab cd'|title ~ 'aB'|capitalize", "aAaAb CdAb")]
    [InlineData("[1, 2]|length ~ {'a': 1}|count", "21")]
    [InlineData("[1, 'a', none]|join(', ')", "1, a, None")]
    [InlineData("[{'n': 1}, {'n': 2}]|join('-', attribute='n')", "1-2")]
    [InlineData("x|default('d') ~ ''|default('e', true) ~ ''|default('f')", "de")]
    [InlineData("'abc'|list ~ [1, 2]|first ~ [1, 2]|last ~ ([]|first is defined)", "['a', 'b', 'c']12False")]
    [InlineData("{'b': 1, 'A': 2}|dictsort", "[('A', 2), ('b', 1)]")]
    [InlineData("{'b': 1, 'A': 2}|items|list", "[('b', 1), ('A', 2)]")]
    [InlineData("[{'r': 'a'}, {'r': 'b'}]|map(attribute='r')|list", "['a', 'b']")]
    [InlineData("[{'f': {'n': 1}}, {}]|map(attribute='f', default='none')|list", "[{'n': 1}, 'none']")]
    [InlineData("['a', 'b']|map('upper')|join", "AB")]
    [InlineData("[1, 2, 3, 4]|select('even')|list ~ [1, 2]|reject('odd')|list ~ [0, 1]|select|list", "[2, 4][2][1]")]
    [InlineData("[{'r': 'a', 'c': 1}, {'r': 'b'}]|selectattr('r', 'equalto', 'a')|list", "[{'r': 'a', 'c': 1}]")]
    [InlineData("[{'r': 'a', 'c': 1}, {'r': 'b'}]|selectattr('c', 'defined')|map(attribute='r')|list", "['a']")]
    [InlineData("[{'r': 'a', 'c': 1}, {'r': 'b'}]|rejectattr('c')|list", "[{'r': 'b'}]")]
    [InlineData("none|selectattr('a')|list", "[]")]
    [InlineData("'a.b'|replace('.', '-') ~ 3|string ~ ('4'|int + 1)", "a-b35")]
    [InlineData("'x'|int(7) ~ '2.5'|float ~ 2.9|int", "72.52")]
    [InlineData("[3, 1, 2]|sort ~ ['b', 'A']|sort ~ [1, 2]|sort(reverse=true)", "[1, 2, 3]['A', 'b'][2, 1]")]
    [InlineData("[1, 2, 1]|unique|list ~ [1, 2]|reverse|list ~ 'ab'|reverse", "[1, 2][2, 1]ba")]
    [InlineData("2.567|round(1) ~ 2.5|round ~ 2.1|round(method='ceil')", "2.62.03.0")]
    [InlineData("[1, 2]|sum ~ [1, 5]|max ~ [1, 5]|min ~ -3|abs", "3513")]
    [InlineData("'a\nb\n\nc'|indent(2)", "a\n  b\n\n  c")]
    [InlineData("'a\nb'|indent(2, true)", "  a\n  b")]
    [InlineData("'<a>'|safe ~ '%s!'|format('b')", "<a>b!")]
    [InlineData("('<a>'|safe) + '<b>' ~ '<c>'", "<a>&lt;b&gt;&lt;c&gt;")]
    [InlineData("'<b>' + ('<a>'|safe) ~ (('<a>'|safe)|upper + '<')", "<b><a><A>&lt;")]
    [InlineData("('<a>'|safe).replace('a', '<') ~ ('<a>'|safe)|replace('a', '<') ~ (('<%s>'|safe) % '<')", "<&lt;><<><&lt;>")]
    [InlineData("('<a>'|safe) is escaped ~ ('<'|e|e) ~ (['<', '<a>'|safe]|join('<'))", "True&lt;<<<a>")]
    [InlineData("[3, 1]|map('string') is sequence ~ (([]|map('string')) is true) ~ ('y' if []|select else 'n')", "FalseFalsey")]
    [InlineData("[{'r': 'b', 'n': 2}, {'r': 'a', 'n': 1}]|groupby('r')|map('first')|join ~ [1, 2, 3]|batch(2)|list ~ [1, 2, 3]|slice(2)|list", "ab[[1, 2], [3]][[1, 2], [3]]")]
    [InlineData("'%5s|%-4s|%05.1f|%x' % ('a', 'b', 2.55, 255) ~ '{:>4}|{:05.2f}|{:,}'.format('c', 2.5, 12345)", "    a|b   |002.5|ff   c|02.50|12,345")]
    [InlineData("'a b c'|truncate(3, true, '') ~ 'ab'|center(6) ~ '|' ~ 'a b'|wordcount ~ 'a b'|urlencode", "a b c  ab  |2a%20b")]
    [InlineData("7|round ~ 2.5|round ~ '0x1f'|int(0, 16) ~ 0x1f ~ 1e16 ~ 12345678901234567|float", "72.031311e+161.2345678901234568e+16")]
    public void Filters_follow_jinja(string expression, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ " + expression + " }}"));

    [Theory]
    [InlineData("value|tojson", """{"b": [1, 2.0, true, null], "a": "é\"<\n😀"}""")]
    [InlineData("value|tojson(ensure_ascii=true)", """{"b": [1, 2.0, true, null], "a": "\u00e9\"<\n\ud83d\ude00"}""")]
    [InlineData("value|tojson(sort_keys=true, separators=(',', ':'))", """{"a":"é\"<\n😀","b":[1,2.0,true,null]}""")]
    [InlineData("{'a': [1], 'b': {}, 'c': []}|tojson(indent=2)", "{\n  \"a\": [\n    1\n  ],\n  \"b\": {},\n  \"c\": []\n}")]
    [InlineData("('{\"a\": 1}'|fromjson).a", "1")]
    public void Json_is_written_as_chat_templates_expect_it(string expression, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ " + expression + " }}", """{"value": {"b": [1, 2.0, true, null], "a": "é\"<\n😀"}}"""));

    [Theory]
    [InlineData("%d %b %Y", "07 Mar 2026")]
    [InlineData("%Y-%m-%d %H:%M:%S", "2026-03-07 09:05:03")]
    [InlineData("%A, %-d %B %y, %I %p, day %j 100%%", "Saturday, 7 March 26, 09 AM, day 066 100%")]
    public void The_clock_is_formatted_like_strftime(string format, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ strftime_now('" + format + "') }}"));

    [Fact]
    public void An_unknown_filter_does_not_matter_where_it_is_not_reached() =>
        Assert.Equal("b", JinjaTestHelper.Render("{% if false %}{{ 1|nofilter }}{% else %}b{% endif %}"));
}
