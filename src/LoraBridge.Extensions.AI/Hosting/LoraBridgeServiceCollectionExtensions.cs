using System.Diagnostics;
using LoraBridge.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LoraBridge.Extensions.AI;

/// <summary>Adds LoraBridge to a host.</summary>
public static class LoraBridgeServiceCollectionExtensions
{
    /// <summary>
    /// Registers a model, which is loaded when it is first needed and freed with the host. Options come from the configuration section
    /// <c>LoraBridge</c>, then from here, and are checked when the host starts. Logs go to the categories of <see cref="LoraBridgeTelemetry"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="model">Path of the model; null leaves it to the configuration.</param>
    /// <param name="configure">Changes the options.</param>
    /// <returns>What adapters and clients are added to.</returns>
    public static LoraBridgeBuilder AddLoraBridge(this IServiceCollection services, string? model = null, Action<LoraBridgeOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton<IConfigureOptions<LoraBridgeOptions>, LoraBridgeOptionsSetup>();
        services.AddSingleton<IValidateOptions<LoraBridgeOptions>, LoraBridgeOptionsSetup>();
        services.AddOptions<LoraBridgeOptions>().Configure(options =>
        {
            options.Model = model ?? options.Model;
            configure?.Invoke(options);
        }).ValidateOnStart();
        services.TryAddSingleton<RegisteredAdapters>();
        services.TryAddSingleton(Load);
        return new LoraBridgeBuilder(services);
    }

    private static LM Load(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<LoraBridgeOptions>>().Value;
        var loggers = services.GetService<ILoggerFactory>();
        using var activity = Telemetry.StartLoading(Path.GetFileName(options.Model));
        var started = Stopwatch.GetTimestamp();
        try
        {
            var model = new LM(
                options.Model, options.Threads > 0 ? new DeviceConfiguration { Threads = options.Threads } : null,
                new LoadingOptions { Logger = loggers?.CreateLogger(LoraBridgeTelemetry.NativeLogCategory) });
            loggers?.CreateLogger(LoraBridgeTelemetry.ModelLogCategory).Loaded(
                model.Name, model.Architecture, model.ParameterCount, model.Backend, Stopwatch.GetElapsedTime(started).TotalSeconds);
            return model;
        }
        catch (Exception exception)
        {
            Telemetry.Fail(activity, exception);
            throw;
        }
    }
}
