using LoraBridge.Model;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LoraBridge.Extensions.AI;

/// <summary>Adds adapters, chat clients and embedding generators to a model that a host loads.</summary>
public sealed class LoraBridgeBuilder
{
    internal LoraBridgeBuilder(IServiceCollection services) => Services = services;

    /// <summary>Where everything is registered.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds an adapter that requests choose by its name.</summary>
    /// <param name="name">The name, as in <c>ChatOptions.ModelId</c>.</param>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts, 1 as trained.</param>
    /// <exception cref="ArgumentException">The name or the path is null or blank, or the name holds <c>+</c>, which joins names.</exception>
    public LoraBridgeBuilder AddAdapter(string name, string path, float scale = 1)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (name.Contains('+'))
            throw new ArgumentException($"The name '{name}' holds '+', which joins the names of adapters.", nameof(name));
        Services.AddSingleton(new AdapterRegistration(name, path, scale));
        return this;
    }

    /// <summary>Adds a <see cref="LoraBridgeChatClient"/>, also as <see cref="IChatClient"/>: one for the host.</summary>
    public LoraBridgeBuilder AddChatClient()
    {
        Services.TryAddSingleton(services => Create(services, adapters: null));
        Services.TryAddSingleton<IChatClient>(services => services.GetRequiredService<LoraBridgeChatClient>());
        return this;
    }

    /// <summary>Adds a client under a key, whose requests use some adapters unless they choose others.</summary>
    /// <param name="key">The key.</param>
    /// <param name="adapters">Names of adapters that were added; none at all is a choice, too.</param>
    public LoraBridgeBuilder AddKeyedChatClient(object key, params IReadOnlyList<string> adapters)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(adapters);
        Services.AddKeyedSingleton<IChatClient>(key, (services, _) => Create(services, adapters));
        return this;
    }

    /// <summary>Adds a <see cref="LoraBridgeEmbeddingGenerator"/>, also as <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>: one for the host.</summary>
    public LoraBridgeBuilder AddEmbeddingGenerator()
    {
        Services.TryAddSingleton(services => CreateGenerator(services, adapters: null));
        Services.TryAddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(services => services.GetRequiredService<LoraBridgeEmbeddingGenerator>());
        return this;
    }

    /// <summary>Adds a generator under a key, whose requests use some adapters unless they choose others.</summary>
    /// <param name="key">The key.</param>
    /// <param name="adapters">Names of adapters that were added; none at all is a choice, too.</param>
    public LoraBridgeBuilder AddKeyedEmbeddingGenerator(object key, params IReadOnlyList<string> adapters)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(adapters);
        Services.AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(key, (services, _) => CreateGenerator(services, adapters));
        return this;
    }

    private static LoraBridgeEmbeddingGenerator CreateGenerator(IServiceProvider services, IReadOnlyList<string>? adapters)
    {
        var options = services.GetRequiredService<IOptions<LoraBridgeOptions>>().Value;
        var known = services.GetRequiredService<RegisteredAdapters>();
        return new LoraBridgeEmbeddingGenerator(services.GetRequiredService<LM>(), new LoraBridgeEmbeddingGeneratorOptions
        {
            Adapters = known.ByName,
            DefaultAdapters = adapters is null ? null : [.. adapters.Select(known.Find)],
            ContextLength = options.ContextLength,
            Logger = LoggerOf(services),
        });
    }

    private static ILogger? LoggerOf(IServiceProvider services) =>
        services.GetService<ILoggerFactory>()?.CreateLogger(LoraBridgeTelemetry.RequestLogCategory);

    private static LoraBridgeChatClient Create(IServiceProvider services, IReadOnlyList<string>? adapters)
    {
        var options = services.GetRequiredService<IOptions<LoraBridgeOptions>>().Value;
        var known = services.GetRequiredService<RegisteredAdapters>();
        return new LoraBridgeChatClient(services.GetRequiredService<LM>(), new LoraBridgeChatClientOptions
        {
            Adapters = known.ByName,
            DefaultAdapters = adapters is null ? null : [.. adapters.Select(known.Find)],
            ContextLength = options.ContextLength,
            MaximumOutputTokens = options.MaximumOutputTokens,
            Logger = LoggerOf(services),
        });
    }
}
