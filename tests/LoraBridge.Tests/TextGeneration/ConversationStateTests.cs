using System.Text.Json;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

public sealed class ConversationStateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    /// <summary>Sampled from flat probabilities: a difference in the last bits of a logit shows soon.</summary>
    [Fact]
    public void A_restored_conversation_goes_on_as_if_it_had_never_stopped()
    {
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama), scaleOfB: 0.3f).Save(_folder["adapter.gguf"]);
        _model.ApplyLoraAdapter(_folder["adapter.gguf"], 0.5f);
        using var chat = Chat(_model);
        chat.Submit("One");
        chat.SaveState(_folder["state"]);
        var json = chat.ChatHistory.ToJson();
        var expected = new[] { chat.Submit("Two"), chat.Submit("Three") };

        using var other = TinyModels.Load(TinyArchitecture.Llama);
        other.ApplyLoraAdapter(_folder["adapter.gguf"], 0.5f);
        using var restored = Chat(other, ChatHistory.FromJson(json));
        restored.RestoreState(_folder["state"]);
        var found = new[] { restored.Submit("Two"), restored.Submit("Three") };

        Assert.Equal(expected.Select(result => result.Tokens), found.Select(result => result.Tokens));
        Assert.Equal(expected.Select(result => result.ReadTokenCount), found.Select(result => result.ReadTokenCount));
        Assert.True(found[0].ReadTokenCount < found[0].PromptTokenCount);
        Assert.Equal(chat.ChatHistory, restored.ChatHistory);
    }

    [Fact]
    public void A_state_serves_exactly_what_it_was_saved_with()
    {
        using var chat = Chat(_model);
        Assert.Throws<InvalidOperationException>(() => chat.SaveState(_folder["state"]));
        chat.Submit("One");
        chat.SaveState(_folder["state"]);
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama)).Save(_folder["adapter.gguf"]);
        using (_model.UseLoraAdapter(_folder["adapter.gguf"]))
            Assert.Contains("adapter", Assert.Throws<InvalidOperationException>(() => chat.RestoreState(_folder["state"])).Message);
        using var quantized = TinyModels.Load(TinyArchitecture.Llama, TinyType.Q8_0);
        using var stranger = Chat(quantized);
        Assert.Throws<InvalidOperationException>(() => stranger.RestoreState(_folder["state"]));
        using var small = new MultiTurnConversation(_model, contextLength: 8);
        Assert.Contains("8", Assert.Throws<InvalidOperationException>(() => small.RestoreState(_folder["state"])).Message);
        Assert.Throws<FileNotFoundException>(() => chat.RestoreState(_folder["nothing"]));
        chat.RestoreState(_folder["state"]);
        Assert.NotNull(chat.Submit("Two"));
    }

    [Fact]
    public void A_damaged_state_is_refused()
    {
        using var chat = Chat(_model);
        chat.Submit("One");
        chat.SaveState(_folder["state"]);
        var bytes = File.ReadAllBytes(_folder["state"]);
        var random = new Random(1);
        foreach (var at in Enumerable.Range(0, 40).Select(i => i < 30 ? i * 7 : random.Next(bytes.Length)))
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 0x41;
            File.WriteAllBytes(_folder["damaged"], damaged);
            Assert.Throws<InvalidDataException>(() => chat.RestoreState(_folder["damaged"]));
            File.WriteAllBytes(_folder["damaged"], bytes[..at]);
            Assert.Throws<InvalidDataException>(() => chat.RestoreState(_folder["damaged"]));
        }
        Assert.NotNull(chat.Submit("Two"));
    }

    [Fact]
    public void A_history_is_written_as_training_reads_it()
    {
        var history = new ChatHistory(
        [
            new("system", "Be \"brief\".\n"),
            new("user", "What time is it?") { Name = "Ann" },
            new("assistant", "") { Reasoning = "A clock…", ToolCalls = """[{"id":"1","type":"function","function":{"name":"clock","arguments":"{}"}}]""" },
            new("tool", "12:00") { ToolCallId = "1" },
            new("assistant", "Noon."),
        ])
        {
            Tools = """[{"type":"function","function":{"name":"clock"}}]""",
        };
        var json = history.ToJson();
        Assert.DoesNotContain('\n', json);
        var read = ChatHistory.FromJson(json);
        Assert.Equal(history, read);
        Assert.Equal(history.Tools, read.Tools);
        Assert.Equal(json, JsonSerializer.Serialize(history));
        Assert.Equal(history, JsonSerializer.Deserialize<ChatHistory>(json));

        File.WriteAllText(_folder["chats.jsonl"], json);
        Assert.Empty(TrainingDataset.FromFile(_folder["chats.jsonl"]).Validate(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"messages":[1]}""")]
    [InlineData("""{"messages":[{"content":"a"}]}""")]
    [InlineData("""{"messages":[{"role":1,"content":"a"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a","tool_calls":"x"}]}""")]
    [InlineData("""{"messages":[]} {}""")]
    public void What_is_no_history_is_refused(string json) => Assert.ThrowsAny<JsonException>(() => ChatHistory.FromJson(json));

    private static MultiTurnConversation Chat(LM model, ChatHistory? history = null) =>
        new(model, history) { SamplingMode = new SamplingMode { Temperature = 2, Seed = 3 }, MaximumCompletionTokens = 10 };
}
