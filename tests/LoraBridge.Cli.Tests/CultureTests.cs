using System.Globalization;

namespace LoraBridge.Cli.Tests;

/// <summary>What the tool prints is the same in all countries: the tests themselves run where there is one culture only.</summary>
public sealed class CultureTests : CliTest
{
    [Theory]
    [InlineData("eval -m MODEL -d DATA -a ADAPTER:-0.5")]
    [InlineData("eval -m MODEL -d DATA -a ADAPTER:1.5 --json")]
    [InlineData("inspect ADAPTER")]
    [InlineData("gradcheck -m MODEL --ctx 8 --rank 2 --targets blk.1.attn_k --precision balanced")]
    [InlineData("generate -m MODEL -p x --min-p -0.5")]
    [InlineData("generate -m MODEL -p x -a ADAPTER:1e39")]
    [InlineData("train -m MODEL -d DATA -o OUT --dropout 1.5")]
    [InlineData("train -m MODEL -d ONE -o OUT --val-split 0.25")]
    [InlineData("eval -m MODEL -d BAD")]
    public async Task A_comma_for_a_point_and_another_minus_change_nothing(string line)
    {
        var files = new Dictionary<string, string>
        {
            ["MODEL"] = Model, ["ADAPTER"] = Adapter(), ["DATA"] = Tokens(), ["OUT"] = Folder["out.gguf"],
            ["ONE"] = Write("one.jsonl", """{"input_ids":[1,2,3]}"""), ["BAD"] = Write("bad.jsonl", """{"input_ids":[1,-7]}"""),
        };
        string[] arguments = [.. line.Split(' ').Select(word => files.Aggregate(word, (text, file) => text.Replace(file.Key, file.Value, StringComparison.Ordinal)))];
        var expected = await CliRun.OfAsync(arguments);
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = Foreign();
            Assert.Equal("~0,5", $"{-0.5}");
            Assert.Equal(expected, await CliRun.OfAsync(arguments));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static CultureInfo Foreign()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = ".";
        culture.NumberFormat.PercentDecimalSeparator = ",";
        culture.NumberFormat.NegativeSign = "~";
        return culture;
    }
}
