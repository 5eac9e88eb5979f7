using System.Text.RegularExpressions;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit.Terminals;

namespace LoraBridge.Cli.Tests;

/// <summary>The tool where people use it: in a terminal.</summary>
public sealed partial class TerminalTests : CliTest
{
    private string[] Training => ["train", "-m", Model, "-d", Tokens(), "-o", Folder["new.gguf"], "--rank", "2", "--targets", "attention"];

    private string[] Endless => [.. Training, "--max-steps", "1000000"];

    /// <summary>Commands, words of their bars, and words that stay.</summary>
    public static TheoryData<string, string[], string> CommandsWithBars => new()
    {
        { "generate -p hello -n 4 --raw", ["load"], "" },
        { "train -d TOKENS -o NEW --max-steps 80 --rank 2", ["load", "/80", "loss", "tokens/s", "left"], "status" },
        { "eval -d TOKENS -a ADAPTER", ["load", "eval"], "perplexity" },
        { "merge -a ADAPTER -o NEW --verify", ["merge"], "verdict" },
        { "quantize -o NEW --type q8_0", ["quantizing"], "written" },
        { "gradcheck --ctx 4 --rank 1 --targets attn_v", ["compar"], "largest relative error" },
        { "bench train --ctx 16 --rank 2 --steps 1", ["━"], "utilization" },
        { "bench infer --ctx 16 --rank 2", ["━"], "peak memory" },
        { "bench merge --rank 2", ["━"], "peak memory" },
        { "adapter extract --finetuned TUNED -o NEW --rank 2", ["extract"], "rank" },
    };

    /// <summary>Commands that are done too soon for a bar, and words that stay.</summary>
    public static TheoryData<string, string> CommandsWithoutBars => new()
    {
        { "backends", "cpu" },
        { "inspect MODEL", "architecture" },
        { "inspect ADAPTER --tensors", "blk.0.attn_q.weight.lora_a" },
        { "convert --to peft ADAPTER -m MODEL -o NEW", "tensors" },
        { "--help", "gradcheck" },
    };

    [Theory]
    [MemberData(nameof(CommandsWithBars))]
    public async Task A_command_shows_a_bar_and_leaves_only_its_result(string command, string[] bar, string result)
    {
        using var terminal = ToolTerminal.Start([.. Words(command), "-m", Model]);
        await ExpectAsync(terminal, 0, result);
        Assert.All(bar, word => Assert.Contains(word, terminal.Written, StringComparison.Ordinal));
        Assert.Contains("━", terminal.Written, StringComparison.Ordinal);
        Assert.DoesNotContain("━", terminal.Screen, StringComparison.Ordinal);
        Assert.True(terminal.ShowsCursor);
    }

    [Theory]
    [MemberData(nameof(CommandsWithoutBars))]
    public async Task A_command_without_a_bar_prints_its_result(string command, string result)
    {
        using var terminal = ToolTerminal.Start(Words(command));
        await ExpectAsync(terminal, 0, result);
    }

    [Fact]
    public async Task A_failure_in_a_bar_is_one_line()
    {
        using var terminal = ToolTerminal.Start("generate", "-m", Write("damaged.gguf", "GGUF"), "-p", "x");
        Assert.Equal(1, await terminal.FinishAsync());
        Assert.StartsWith("error: ", terminal.Screen, StringComparison.Ordinal);
        Assert.True(terminal.ShowsCursor);
    }

    [Fact]
    public async Task Json_is_the_last_line_below_a_bar_that_is_gone()
    {
        using var terminal = ToolTerminal.Start(4000, 24, [], [.. Training, "--max-steps", "2", "--json"]);
        await ExpectAsync(terminal, 0, "");
        Assert.Contains("step 2/2", terminal.Written, StringComparison.Ordinal);
        Assert.Equal(2, System.Text.Json.JsonDocument.Parse(terminal.Screen).RootElement.GetProperty("steps").GetInt32());
    }

    [Fact]
    public async Task Ctrl_c_ends_a_training_and_keeps_what_was_learnt()
    {
        using var terminal = ToolTerminal.Start(Endless);
        await terminal.WaitUntilAsync(screen => screen.Contains("step ", StringComparison.Ordinal));
        terminal.PressControlC();
        await ExpectAsync(terminal, 130, "stopped");
        Assert.Equal(2, LoraAdapter.Inspect(Folder["new.gguf"]).Rank);
        Assert.True(terminal.ShowsCursor);
    }

    [Fact]
    public async Task Ctrl_c_twice_leaves_a_cursor()
    {
        using var terminal = ToolTerminal.Start(Endless);
        await terminal.WaitUntilAsync(screen => screen.Contains("step ", StringComparison.Ordinal));
        terminal.PressControlC();
        terminal.PressControlC();
        Assert.Equal(130, await terminal.FinishAsync());
        Assert.True(terminal.ShowsCursor);
    }

    [Fact]
    public async Task A_chat_prompts_answers_and_obeys()
    {
        using var terminal = ToolTerminal.Start("chat", "-m", Model, "-n", "4", "--temp", "0");
        await PromptAsync(terminal, 1);
        terminal.Type("/adapter\r");
        await PromptAsync(terminal, 2);
        terminal.Type("hello\r");
        await PromptAsync(terminal, 3);
        terminal.Type("/exit\r");
        await ExpectAsync(terminal, 0, "\nNo adapter is applied.\n> ");
        Assert.Contains("> hello", terminal.Screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_c_at_the_prompt_ends_a_chat()
    {
        using var terminal = ToolTerminal.Start("chat", "-m", Model);
        await PromptAsync(terminal, 1);
        terminal.PressControlC();
        await ExpectAsync(terminal, 130, "cancelled");
    }

    [Fact]
    public async Task Ctrl_c_ends_an_answer_and_a_second_one_the_chat()
    {
        using var terminal = ToolTerminal.Start(EndlessAnswer());
        await PromptAsync(terminal, 1);
        terminal.Type("hello\r");
        await terminal.WaitUntilAsync(screen => screen.Contains("aaaa", StringComparison.Ordinal));
        terminal.PressControlC();
        await terminal.WaitUntilAsync(screen => screen.EndsWith("\n>", StringComparison.Ordinal));
        terminal.Type($"/save {Folder["saved.jsonl"]}\r");
        await terminal.WaitUntilAsync(screen => screen.Contains("Saved", StringComparison.Ordinal) && screen.EndsWith("\n>", StringComparison.Ordinal));
        Assert.Matches("""{"role":"assistant","content":"a+"}""", File.ReadAllText(Folder["saved.jsonl"]));
        terminal.PressControlC();
        await ExpectAsync(terminal, 130, "cancelled");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(41)]
    [InlineData(300)]
    public async Task A_bar_takes_one_line_in_a_terminal_of_any_width(int columns)
    {
        using var terminal = ToolTerminal.Start(columns, 24, [], Endless);
        await terminal.WaitUntilAsync(screen => columns == 1 || screen.Contains("step ", StringComparison.Ordinal));
        if (columns > 10)
            Assert.Single(terminal.Screen.Split('\n'), line => line.Trim().Length > 0);
        terminal.PressControlC();
        Assert.Equal(130, await terminal.FinishAsync());
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(12, 3)]
    [InlineData(300, 100)]
    public async Task Results_are_whole_in_a_terminal_of_any_size(int columns, int rows)
    {
        var adapter = Adapter();
        using var narrow = ToolTerminal.Start(columns, rows, [], ["inspect", adapter, "--tensors"]);
        Assert.Equal(0, await narrow.FinishAsync());
        var shown = narrow.Screen.Replace("\n", "", StringComparison.Ordinal);
        Assert.Contains(adapter, shown, StringComparison.Ordinal);
        Assert.Contains("blk.0.attn_q.weight.lora_a", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_colours_a_bar_has_none()
    {
        using var terminal = ToolTerminal.Start(80, 24, new() { ["NO_COLOR"] = "1" }, [.. Training, "--max-steps", "2"]);
        await ExpectAsync(terminal, 0, "status");
        Assert.Contains("━", terminal.Written, StringComparison.Ordinal);
        Assert.DoesNotMatch(Colour(), terminal.Written);
    }

    [Fact]
    public async Task A_dumb_terminal_gets_lines_without_control_sequences()
    {
        using var terminal = ToolTerminal.Start(80, 24, new() { ["TERM"] = "dumb" }, [.. Training, "--max-steps", "2"]);
        await ExpectAsync(terminal, 0, "status");
        Assert.Contains("\nstep 2/2  loss", terminal.Screen, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', terminal.Written);
    }

    private static async Task ExpectAsync(PseudoTerminal terminal, int exitCode, string result)
    {
        var found = await terminal.FinishAsync();
        Assert.True(exitCode == found, $"exit code {found}, expected {exitCode}:\n{terminal.Screen}");
        Assert.DoesNotContain("error:", terminal.Screen, StringComparison.Ordinal);
        Assert.Contains(result, terminal.Screen, StringComparison.Ordinal);
    }

    /// <summary>Waits for a prompt with nothing behind it.</summary>
    private static Task PromptAsync(PseudoTerminal terminal, int count) => terminal.WaitUntilAsync(screen =>
        screen.Split('\n') is var lines && lines[^1] == ">" && lines.Count(line => line.StartsWith('>')) == count);

    private string[] Words(string command) => [.. command.Split(' ').Select(word => word switch
    {
        "TOKENS" => Tokens(),
        "ADAPTER" => Adapter(),
        "MODEL" => Model,
        "TUNED" => Tuned(),
        "NEW" => Folder["new.gguf"],
        _ => word,
    })];

    /// <summary>A chat whose answers take a quarter of a minute and more, unless they are stopped.</summary>
    private string[] EndlessAnswer()
    {
        var shape = new RandomModelShape { Layers = 8, Embedding = 512, FeedForward = 2048, Heads = 8, KeyHeads = 8, Vocabulary = 512 };
        RandomModel.Write(Folder["slow.gguf"], shape, GgmlType.Q4_0);
        return ["chat", "-m", Folder["slow.gguf"], "-n", "3000", "--grammar", Write("endless.gbnf", "root ::= \"a\" root")];
    }

    private string Tuned()
    {
        var merger = new LoraMerger(Model);
        merger.AddLoraAdapter(Adapter());
        return merger.Merge(Folder["tuned.gguf"]).Paths[0];
    }

    [GeneratedRegex(@"\e\[[0-9;]*[1-9][0-9;]*m")]
    private static partial Regex Colour();
}
