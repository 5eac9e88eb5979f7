using LoraBridge.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraBridge.Extensions.AI;

/// <summary>Tells whether the model can be used: <c>AddHealthChecks().AddCheck&lt;LoraBridgeHealthCheck&gt;("lorabridge")</c>.</summary>
/// <param name="services">Where the model is registered; a check loads it if nothing has yet.</param>
public sealed class LoraBridgeHealthCheck(IServiceProvider services) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var model = services.GetRequiredService<LM>();
            var data = new Dictionary<string, object>
            {
                ["model"] = model.Name,
                ["architecture"] = model.Architecture,
                ["backend"] = model.Backend,
            };
            return Task.FromResult(HealthCheckResult.Healthy($"{model.Name} answers on {model.Backend}.", data));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return Task.FromResult(new HealthCheckResult(context.Registration.FailureStatus, exception.Message, exception));
        }
    }
}
