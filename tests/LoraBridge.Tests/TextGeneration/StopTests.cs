using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>What becomes of an answer that is cancelled.</summary>
public sealed class StopTests : IDisposable
{
    private static readonly SamplingMode Seeded = new() { Temperature = 1, Seed = 7 };

    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);
    private readonly CancellationTokenSource _stop = new();

    public void Dispose()
    {
        _stop.Dispose();
        _model.Dispose();
    }

    [Fact]
    public async Task A_cancelled_answer_stands_in_the_history()
    {
        using var chat = Endless();
        var (text, result) = await StopAfterAsync(chat, 3);
        Assert.Equal(StopReason.Cancelled, result!.StopReason);
        Assert.True(result.Tokens.Count is >= 3 and < 900, $"{result.Tokens.Count} tokens");
        Assert.Equal(text, result.Text);
        Assert.Equal(["Hello", text], chat.ChatHistory.Select(message => message.Content));

        chat.MaximumCompletionTokens = 4;
        var next = chat.Submit("More", TestContext.Current.CancellationToken);
        Assert.True(next.ReadTokenCount < next.PromptTokenCount, "what was generated should be in the cache");
    }

    [Fact]
    public async Task A_cancelled_answer_can_be_discarded()
    {
        using var chat = Endless();
        chat.KeepCancelledAnswers = false;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => StopAfterAsync(chat, 3));
        Assert.Empty(chat.ChatHistory);
    }

    [Fact]
    public void A_call_that_is_cancelled_before_its_first_token_throws()
    {
        using var chat = Endless();
        _stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => chat.Submit("Hello", _stop.Token));
        Assert.Empty(chat.ChatHistory);
    }

    [Fact]
    public async Task Clearing_the_history_ends_the_answer()
    {
        using var chat = Endless();
        await using var updates = chat.SubmitStreamingAsync("Hello", TestContext.Current.CancellationToken).GetAsyncEnumerator();
        Assert.True(await updates.MoveNextAsync());
        chat.ClearHistory();
        Assert.Empty(chat.ChatHistory);
        Assert.Equal(StopReason.Cancelled, (await LastAsync(updates)).Result.StopReason);
        chat.MaximumCompletionTokens = 2;
        Assert.NotNull(chat.Submit("Hello", TestContext.Current.CancellationToken));
        Assert.Equal(2, chat.ChatHistory.Count);
    }

    [Fact]
    public async Task Disposing_ends_the_answer()
    {
        var chat = Endless();
        await using var updates = chat.SubmitStreamingAsync("Hello", TestContext.Current.CancellationToken).GetAsyncEnumerator();
        Assert.True(await updates.MoveNextAsync());
        var waiting = chat.SubmitAsync("Next", TestContext.Current.CancellationToken);
        chat.Dispose();
        Assert.Equal(StopReason.Cancelled, (await LastAsync(updates)).Result.StopReason);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    private MultiTurnConversation Endless() => new(_model) { SamplingMode = Seeded, MaximumCompletionTokens = 900 };

    private async Task<(string Text, TextGenerationResult? Result)> StopAfterAsync(MultiTurnConversation chat, int pieces)
    {
        var text = "";
        TextGenerationResult? result = null;
        await foreach (var update in chat.SubmitStreamingAsync("Hello", _stop.Token))
        {
            if (update is TextUpdate piece)
                text += piece.Text;
            if (--pieces == 0)
                await _stop.CancelAsync();
            result = (update as ResultUpdate)?.Result;
        }
        return (text, result);
    }

    private static async Task<ResultUpdate> LastAsync(IAsyncEnumerator<GenerationUpdate> updates)
    {
        GenerationUpdate last = updates.Current;
        while (await updates.MoveNextAsync())
            last = updates.Current;
        return Assert.IsType<ResultUpdate>(last);
    }
}
