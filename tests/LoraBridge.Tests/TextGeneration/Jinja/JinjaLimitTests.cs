using CsCheck;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.Tests.TextGeneration.Jinja;

/// <summary>A template is part of a downloaded file: whatever it holds, it costs a bounded amount and fails with our exception.</summary>
public class JinjaLimitTests
{
    private static readonly JinjaLimits Small = new() { MaximumLength = 1000, MaximumItems = 100, MaximumSteps = 5000, MaximumCallDepth = 20 };

    [Theory]
    [InlineData("{% for a in range(100) %}{% for b in range(100) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% for a in range(90) %}0123456789ABCDEF{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for a in range(90) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "characters")]
    [InlineData("{{ range(101) }}", "items")]
    [InlineData("{{ 'a' * 1000000000000 }}", "characters")]
    [InlineData("{{ [1] * 1000000000000 }}", "items")]
    [InlineData("{{ range(1000000000000) }}", "items")]
    [InlineData("{{ 'a'|indent(1000000) }}", "too wide")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls deep")]
    public void Excess_is_refused(string template, string reason)
    {
        var exception = Assert.Throws<ChatTemplateException>(() => JinjaTestHelper.Render(template, limits: Small));
        Assert.Contains(reason, exception.Message);
    }

    [Theory]
    [InlineData("{{ ns.l }}")]
    [InlineData("{{ ns.l|tojson }}")]
    [InlineData("{{ ns.l == ns.m }}")]
    public void Values_nested_too_deep_are_refused(string use)
    {
        const string Nest = "{% set ns = namespace(l=[], m=[]) %}{% for a in range(300) %}{% for b in range(1000) %}{% set ns.l = [ns.l] %}{% set ns.m = [ns.m] %}{% endfor %}{% endfor %}";
        Assert.Contains("nested too deep", Assert.Throws<ChatTemplateException>(() => JinjaTestHelper.Render(Nest + use)).Message);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("1 if 1 else ", "")]
    public void Deep_nesting_is_refused(string open, string close)
    {
        var template = "{{ " + string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000)) + " }}";
        Assert.Contains("deep", Assert.Throws<ChatTemplateException>(() => JinjaTemplate.Parse(template)).Message);
    }

    [Fact]
    public void Nested_blocks_and_long_chains_are_refused()
    {
        var blocks = string.Concat(Enumerable.Repeat("{% if 1 %}", 100_000));
        Assert.Throws<ChatTemplateException>(() => JinjaTemplate.Parse(blocks));
        var chain = "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 200_000)) + " }}";
        Assert.Throws<ChatTemplateException>(() => JinjaTestHelper.Render(chain));
    }

    [Fact]
    public void Any_mixture_of_pieces_renders_or_fails_with_our_exception()
    {
        string[] pieces =
        [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", " if ", " for x in ", "endfor", " else ", "endif", " set x = ", "macro m(a)", "endmacro",
            "x", "'a'", "\"", "[1, 2]", "(", ")", "[", "]", "{", "}", ":", "|", "tojson", "|length", ".items()", "is defined", " in ", " not ", "1",
            "1.5e", "\n", "\\", "~", "**", "//", "%", "range(3)", ",", "raw", "endraw", "é😀", "loop.index", "namespace()", ".x", "true", "none",
        ];
        Gen.Int[0, pieces.Length - 1].Array[0, 30].Sample(parts =>
        {
            try
            {
                JinjaTestHelper.Render(string.Concat(parts.Select(i => pieces[i])), limits: Small);
            }
            catch (ChatTemplateException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        }, iter: 5000, threads: 1);
    }
}
