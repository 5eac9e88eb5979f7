namespace LoraBridge.Cli.Tests;

public sealed class ChatTests : CliTest
{
    [Fact]
    public async Task A_conversation_is_reported_as_json()
    {
        var run = await ChatAsync(["hello", "", "and again"], "--system", "Be brief.", "--json");
        Assert.Equal(
            ["system", "user", "assistant", "user", "assistant"],
            run.Json.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()!));
    }

    [Fact]
    public async Task Adapters_are_applied_scaled_and_taken_off()
    {
        var adapter = Adapter("style.gguf");
        var run = await ChatAsync([$"/adapter {adapter}:0.5", "/scale 0.25", "/scale style 0", "/scale other 1", "/adapter off", "/exit", "never read"]);
        Assert.Equal(
            ["style: scale 0.5", "style: scale 0.25", "style: scale 0", "error: No adapter named 'other' is applied", "No adapter is applied."],
            run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('.') + (line.StartsWith("No", StringComparison.Ordinal) ? "." : "")));
    }

    [Fact]
    public async Task A_saved_conversation_can_be_trained_on_and_a_reset_one_is_empty()
    {
        var file = Folder["saved.jsonl"];
        var run = await ChatAsync(["hello", $"/save {file}", "/reset"], "--json");
        Assert.Equal(0, run.Json.GetProperty("messages").GetArrayLength());
        Assert.True((await CliRun.OfAsync("eval", "-m", Model, "-d", file, "--loss-on", "all", "--json")).Json.GetProperty("tokens").GetInt64() > 0);
    }

    [Fact]
    public async Task A_wrong_command_does_not_end_the_chat()
    {
        var run = await ChatAsync(["/adapter nowhere.gguf", "/scale much", "/save", "/what", "/adapter"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("nowhere.gguf", run.Out, StringComparison.Ordinal);
        Assert.Contains("There is no /what.", run.Out, StringComparison.Ordinal);
        Assert.Contains("/reset", run.Out, StringComparison.Ordinal);
        Assert.EndsWith("No adapter is applied.\n", run.Out, StringComparison.Ordinal);
    }

    private static Task<CliRun> ChatAsync(string[] lines, params string[] arguments) =>
        CliRun.OfAsync(string.Join('\n', lines), ["chat", "-m", Model, "-n", "4", "--temp", "0", .. arguments]);
}
