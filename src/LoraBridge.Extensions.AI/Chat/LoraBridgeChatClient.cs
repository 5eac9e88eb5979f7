using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using LoraBridge.Model;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace LoraBridge.Extensions.AI;

/// <summary>A model, with adapters that each request may choose, as an <see cref="IChatClient"/>. Safe for use by several threads.</summary>
/// <remarks>
/// The chat template of the model writes the messages, its format of calls and thoughts is read back, and a JSON schema holds by a grammar.
/// Requests are computed together as far as the model's inference options allow.
/// </remarks>
public sealed class LoraBridgeChatClient : IChatClient
{
    private readonly LM _model;
    private readonly LoraBridgeChatClientOptions _options;
    private readonly ChatClientMetadata _metadata;
    private readonly RequestMapper _requests;
    private readonly KeptConversations _kept;
    private readonly ConcurrentBag<SingleTurnConversation> _idle = [];
    private bool _disposed;

    /// <summary>Makes a client.</summary>
    /// <param name="model">The model; it stays the caller's, and must live as long as the client.</param>
    /// <param name="options">How it answers.</param>
    public LoraBridgeChatClient(LM model, LoraBridgeChatClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _options = options ?? new LoraBridgeChatClientOptions();
        var modelId = _options.ModelId ?? model.Name;
        _metadata = new ChatClientMetadata(LoraBridgeTelemetry.Provider, providerUri: null, modelId);
        _requests = new RequestMapper(this, modelId, _options);
        _kept = new KeptConversations(_options.KeptConversations);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A message or an option cannot be met; the message says which.</exception>
    /// <exception cref="NotSupportedException">A message holds something that is not text, or a tool is not a function.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Begin(messages, options);
        using var activity = Telemetry.StartGeneration(request);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var result = await AnswerAsync(request, cancellationToken).ConfigureAwait(false);
            Complete(activity, request, result, Stopwatch.GetElapsedTime(started));
            return ResponseMapper.Response(request, result);
        }
        catch (Exception exception)
        {
            Telemetry.Fail(activity, exception);
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A message or an option cannot be met; the message says which.</exception>
    /// <exception cref="NotSupportedException">A message holds something that is not text, or a tool is not a function.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Stream(Begin(messages, options), cancellationToken);

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_model) ? _model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Frees what the client keeps for conversations; the model stays. Requests must have ended.</summary>
    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var conversation))
            conversation.Dispose();
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(ChatRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var activity = Telemetry.StartGeneration(request);
        var started = Stopwatch.GetTimestamp();
        var conversation = Rent();
        try
        {
            var updates = conversation.GenerateStreamingAsync(request.Messages, request.Options, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using var end = updates.ConfigureAwait(false);
            while (await MoveNextAsync(updates, activity).ConfigureAwait(false))
            {
                if (updates.Current is ResultUpdate { Result: var result })
                    Complete(activity, request, result, Stopwatch.GetElapsedTime(started));
                if (ResponseMapper.Update(request, updates.Current) is { } mapped)
                    yield return mapped;
            }
        }
        finally
        {
            Return(conversation);
        }
    }

    private static async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<GenerationUpdate> updates, Activity? activity)
    {
        try
        {
            return await updates.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Telemetry.Fail(activity, exception);
            throw;
        }
    }

    private ChatRequest Begin(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var kept = _options.KeptConversations > 0 && options?.ConversationId is { } id ? _kept.Find(id) : ((string, IReadOnlyList<TextGeneration.ChatMessage>)?)null;
        return _requests.Map(messages, options, kept, _options.KeptConversations > 0);
    }

    private async Task<TextGenerationResult> AnswerAsync(ChatRequest request, CancellationToken cancellationToken)
    {
        var conversation = Rent();
        try
        {
            return await conversation.GenerateAsync(request.Messages, request.Options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Return(conversation);
        }
    }

    private void Complete(Activity? activity, ChatRequest request, TextGenerationResult result, TimeSpan duration)
    {
        Telemetry.RecordGeneration(activity, request, result, duration);
        _options.Logger?.Answered(
            request.ModelId, result.Tokens.Count, result.PromptTokenCount, Math.Max(0, result.PromptTokenCount - result.ReadTokenCount),
            duration.TotalSeconds, result.StopReason.ToString());
        if (request.ConversationId is { } id)
            _kept.Keep(id, [.. request.History, result.ToMessage()]);
    }

    private SingleTurnConversation Rent() =>
        _idle.TryTake(out var idle) ? idle : new SingleTurnConversation(_model, _options.ContextLength) { KeepCancelledAnswers = false };

    private void Return(SingleTurnConversation conversation)
    {
        _idle.Add(conversation);
        if (_disposed)
            Dispose();
    }
}
