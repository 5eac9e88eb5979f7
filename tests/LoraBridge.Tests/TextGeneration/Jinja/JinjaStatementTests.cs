using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.Tests.TextGeneration.Jinja;

/// <summary>The expected texts are what Python's Jinja2 writes with <c>trim_blocks</c> and <c>lstrip_blocks</c>.</summary>
public class JinjaStatementTests
{
    [Theory]
    [InlineData("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc")]
    [InlineData("a\n  {%- if true -%}\n  b\n  {%- endif %}\nc", "abc")]
    [InlineData("a\n  {%+ if true %}b{% endif +%}\nc", "a\n  b\nc")]
    [InlineData("  {{ 'x' }}  \n y", "  x  \n y")]
    [InlineData("  {{- 'x' -}}  \n y", "xy")]
    [InlineData("a\n  {# note #}\nb{#- gone -#} \nc", "a\nbc")]
    [InlineData("{% set x = 1 %}  {% set y = 2 %}  z", "    z")]
    [InlineData("a {% if true %}b{% endif %}\n\nc", "a b\nc")]
    [InlineData("{% raw %}{{ x }}{% y %}{% endraw %}!", "{{ x }}{% y %}!")]
    [InlineData("{{ {'a': {'b': 1}}['a']['b'] }}", "1")]
    [InlineData("{{ '}}' }}{{ '%}' }}", "}}%}")]
    [InlineData("a\r\nb\r\n", "a\nb")]
    [InlineData("a\n\n", "a\n")]
    [InlineData("", "")]
    [InlineData("{", "{")]
    public void White_space_is_trimmed_as_published_templates_expect(string template, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render(template));

    [Theory]
    [InlineData("{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }} {% endfor %}", "10TrueFalse 21FalseFalse 32FalseTrue ")]
    [InlineData("{% for x in 'ab' %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}{% endfor %}", "<a>ba<b>")]
    [InlineData("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1")]
    [InlineData("{% for x in [1, 2, 3, 4] if x is even %}{{ x }}/{{ loop.length }} {% endfor %}", "2/2 4/2 ")]
    [InlineData("{% for x in [] %}a{% else %}b{% endfor %}", "b")]
    [InlineData("{% for x in missing %}a{% endfor %}", "")]
    [InlineData("{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "13")]
    [InlineData("{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}", "1")]
    [InlineData("{% for x in range(3) %}{% for y in range(x) %}{{ y }}{% endfor %};{% endfor %}", ";0;01;")]
    [InlineData("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "1")]
    [InlineData("{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "4")]
    [InlineData("{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21")]
    [InlineData("{% set x %}a {{ 1 }}{% endset %}[{{ x }}]", "[a 1]")]
    [InlineData("{% set x | trim | upper %} a {% endset %}[{{ x }}]", "[A]")]
    [InlineData("{% filter upper %}a{% endfilter %}b", "Ab")]
    [InlineData("{% generation %}a{% endgeneration %}b", "ab")]
    [InlineData("{% if false %}a{% elif true %}b{% else %}c{% endif %}", "b")]
    [InlineData("{% set l = [] %}{{ l.append is defined }}{{ l }}", "False[]")]
    [InlineData("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}", "3False")]
    [InlineData("{% block b %}x{{ 1 }}{% endblock b %}{% print 1, 'y' %}", "x11y")]
    [InlineData("{% for x in [{'v': 1, 'c': [{'v': 2, 'c': []}]}] recursive %}{{ x.v }}{{ loop.depth }}[{{ loop(x.c) }}]{% endfor %}", "11[22[]]")]
    [InlineData("{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123")]
    [InlineData("{% for x in [1, 2] %}{% for y in [] %}{% else %}{% break %}{% endfor %}{{ x }}{% endfor %}", "")]
    [InlineData("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{% set j = joiner('|') %}{{ j() }}{{ j() }}", "aba|")]
    [InlineData("{{ range(5, 0, -2)|list }}{{ dict(a=1) }}", "[5, 3, 1]{'a': 1}")]
    public void Statements_follow_jinja(string template, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render(template));

    [Theory]
    [InlineData("{% macro m(a, b='d') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}", "1d1243")]
    [InlineData("{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}", "False")]
    [InlineData("{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "3210")]
    [InlineData("{% set g = 1 %}{% macro m() %}{{ g }}{% endmacro %}{% set g = 2 %}{{ m()|length }}{{ m() }}", "12")]
    [InlineData("{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}", "12(3,){'x': 4}")]
    [InlineData("{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 3, 'b': 4}) }}{{ m(*[5], **{'b': 6}) }}{{ m(7, *[8]) }}", "12345678")]
    [InlineData("{% macro m(a) %}[{{ caller(5) }}{{ a }}]{% endmacro %}{% call(x) m(1) %}body{{ x }}{% endcall %}", "[body51]")]
    [InlineData("{% macro m(x=none) -%}\n  {% for i in [1] -%} {{ i }} {%- endfor %}\n{%- endmacro %}{{ m() }}", "1")]
    public void Macros_take_defaults_and_names(string template, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render(template));

    [Theory]
    [InlineData("{% if x %}")]
    [InlineData("{% endif %}")]
    [InlineData("{{ 1")]
    [InlineData("{{ 'a }}")]
    [InlineData("{# open")]
    [InlineData("{{ 1 + }}")]
    [InlineData("{{ a b }}")]
    [InlineData("{{ ) }}")]
    [InlineData("{% for in x %}{% endfor %}")]
    [InlineData("{% include 'x' %}")]
    [InlineData("{% break %}")]
    [InlineData("{% macro m() %}{% break %}{% endmacro %}")]
    [InlineData("{% raw %}")]
    [InlineData("{{ f(a=1, 2) }}")]
    [InlineData("{{ '\\uZZZZ' }}")]
    [InlineData("{{ 99999999999999999999 }}")]
    public void A_malformed_template_is_refused_with_its_line(string template)
    {
        var exception = Assert.Throws<ChatTemplateException>(() => JinjaTemplate.Parse("text\n" + template));
        Assert.True(exception.Line >= 2, exception.Message);
    }

    [Theory]
    [InlineData("{% set l = [] %}{{ l.append(1) }}")]
    [InlineData("{% set l = [1] %}{% set _ = l.pop() %}")]
    [InlineData("{{ {}.update({'a': 1}) }}")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}")]
    [InlineData("{% for a, b in [(1, 2, 3)] %}{% endfor %}")]
    [InlineData("{% set x = {} %}{% set x.y = 1 %}")]
    [InlineData("{% for x in none %}{% endfor %}")]
    public void What_jinjas_sandbox_refuses_is_refused(string template) =>
        Assert.Throws<ChatTemplateException>(() => JinjaTestHelper.Render(template));

    [Fact]
    public void Raise_exception_carries_its_message()
    {
        var exception = Assert.Throws<ChatTemplateException>(() => JinjaTestHelper.Render("a\n{{ raise_exception('roles must alternate') }}"));
        Assert.Contains("roles must alternate", exception.Message);
        Assert.Equal(2, exception.Line);
    }
}
