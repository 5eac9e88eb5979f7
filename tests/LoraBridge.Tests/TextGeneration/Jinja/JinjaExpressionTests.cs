namespace LoraBridge.Tests.TextGeneration.Jinja;

/// <summary>The expected texts are what Python's Jinja2 writes.</summary>
public class JinjaExpressionTests
{
    [Theory]
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("(1 + 2) * 3", "9")]
    [InlineData("2 ** 3 ** 2", "64")]
    [InlineData("7 // 2, -7 // 2, 7 % 3, -7 % 3", "(3, -4, 1, 2)")]
    [InlineData("7 / 2", "3.5")]
    [InlineData("4 / 2", "2.0")]
    [InlineData("1 ~ 2 + 3 | string", "123")]
    [InlineData("'a' ~ 1 ~ none ~ true", "a1NoneTrue")]
    [InlineData("'ab' * 2 + 'c'", "ababc")]
    [InlineData("[1] + [2, 'x']", "[1, 2, 'x']")]
    [InlineData("1 < 2 < 3", "True")]
    [InlineData("1 == 1.0 and true == 1", "True")]
    [InlineData("'b' in 'abc' and 3 not in [1, 2] and 'k' in {'k': 1}", "True")]
    [InlineData("not 1 == 2", "True")]
    [InlineData("0 or 'x' and 'y'", "y")]
    [InlineData("'a' if false", "")]
    [InlineData("'a' if false else 'b' if false else 'c'", "c")]
    [InlineData("{'a': 1, 'b': [true, none, 1.5, \"it's\"]}", "{'a': 1, 'b': [True, None, 1.5, \"it's\"]}")]
    [InlineData("(1,)", "(1,)")]
    [InlineData("-1|abs", "1")]
    [InlineData("1e20, 0.1, 1e-7", "(1e+20, 0.1, 1e-07)")]
    [InlineData("'%s has %d' % ('x', 3)", "x has 3")]
    [InlineData("'a' 'b'", "ab")]
    [InlineData("'\\n\\t\\u00e9\\\\' == '\n\té\\\\'", "True")]
    public void Operators_follow_python(string expression, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ " + expression + " }}"));

    [Theory]
    [InlineData("[1, 2, 3, 4][::-1]", "[4, 3, 2, 1]")]
    [InlineData("[1, 2, 3, 4][1:]", "[2, 3, 4]")]
    [InlineData("[1, 2, 3, 4][:-1]", "[1, 2, 3]")]
    [InlineData("[1, 2, 3, 4][-3:-1]", "[2, 3]")]
    [InlineData("[1, 2, 3, 4][3:0:-2]", "[4, 2]")]
    [InlineData("[1, 2, 3, 4][::3]", "[1, 4]")]
    [InlineData("[1, 2][5:]", "[]")]
    [InlineData("'hello'[1:3]", "el")]
    [InlineData("'hello'[::-1]", "olleh")]
    [InlineData("'😀é'[0] ~ '😀é'|length", "😀2")]
    [InlineData("'a😀b'[1:]", "😀b")]
    [InlineData("[1, 2][-1]", "2")]
    [InlineData("[1, 2][9] is defined", "False")]
    [InlineData("{'a': {'b': 5}}.a['b']", "5")]
    [InlineData("{'items': 1}['items']", "1")]
    [InlineData("{'a': 1}.get('b', 7)", "7")]
    [InlineData("{'a': 1}.get('b') is none", "True")]
    [InlineData("{'a': 1, 'b': 2}.items()|list", "[('a', 1), ('b', 2)]")]
    [InlineData("{'a': 1}.missing is undefined", "True")]
    public void Items_and_slices_follow_python(string expression, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ " + expression + " }}"));

    [Theory]
    [InlineData("' x '.strip() ~ 'xxaxx'.lstrip('x') ~ 'xxaxx'.rstrip('x')", "xaxxxxa")]
    [InlineData("'a,b,c'.split(',')", "['a', 'b', 'c']")]
    [InlineData("'a,b,c'.split(',', 1)", "['a', 'b,c']")]
    [InlineData("'  a  b '.split()", "['a', 'b']")]
    [InlineData("'a</think>b</think>c'.split('</think>')[-1]", "c")]
    [InlineData("'abc'.startswith('ab') and 'abc'.endswith(('x', 'c'))", "True")]
    [InlineData("'hello wORLD'.title() ~ 'hELLO'.capitalize() ~ 'a'.upper() ~ 'A'.lower()", "Hello WorldHelloAa")]
    [InlineData("'aaa'.replace('a', 'b', 2)", "bba")]
    [InlineData("'-'.join(['a', 'b'])", "a-b")]
    [InlineData("'{}:{}:{x}{{}}'.format(1, 3, x=2)", "1:3:2{}")]
    [InlineData("'abcb'.find('b') ~ 'abcb'.rfind('b') ~ 'abc'.find('z')", "13-1")]
    [InlineData("'a b c'.rsplit(' ', 1)", "['a b', 'c']")]
    public void String_methods_follow_python(string expression, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ " + expression + " }}"));

    [Theory]
    [InlineData("x is defined", "False")]
    [InlineData("x is not defined and x is undefined", "True")]
    [InlineData("none is none and 1 is not none", "True")]
    [InlineData("'a' is string and 1 is not string", "True")]
    [InlineData("1 is number and 1 is integer and 1.5 is float and true is boolean and true is number", "True")]
    [InlineData("true is integer", "False")]
    [InlineData("{} is mapping and [] is not mapping", "True")]
    [InlineData("[] is iterable and 'a' is iterable and {} is sequence and 1 is not iterable", "True")]
    [InlineData("3 is odd and 4 is even and 9 is divisibleby 3 and 9 is divisibleby(3)", "True")]
    [InlineData("3 is eq 3 and 3 is equalto(3) and 2 is in [1, 2]", "True")]
    [InlineData("true is true and 1 is not true and false is false", "True")]
    public void Tests_follow_jinja(string expression, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ " + expression + " }}"));

    [Theory]
    [InlineData("x", "")]
    [InlineData("x == y", "True")]
    [InlineData("x|length", "0")]
    [InlineData("'a' in x", "False")]
    [InlineData("none.foo is defined", "False")]
    public void Undefined_is_empty_and_false(string expression, string expected) =>
        Assert.Equal(expected, JinjaTestHelper.Render("{{ " + expression + " }}"));

    [Theory]
    [InlineData("x.y")]
    [InlineData("x['y']")]
    [InlineData("x + 1")]
    [InlineData("x()")]
    [InlineData("x < 1")]
    [InlineData("'a' + 1")]
    [InlineData("1 // 0")]
    [InlineData("9223372036854775807 + 1")]
    [InlineData("2 ** 64")]
    [InlineData("1|nofilter")]
    [InlineData("1 is notest")]
    [InlineData("{[1]: 2}")]
    public void Misuse_fails_with_the_line(string expression)
    {
        var exception = Assert.Throws<LoraBridge.TextGeneration.ChatTemplateException>(() => JinjaTestHelper.Render("\n\n{{ " + expression + " }}"));
        Assert.Equal(3, exception.Line);
        Assert.Contains("line 3", exception.Message);
    }
}
