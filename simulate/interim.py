"""Interim stand-ins for theory functions."""
import numpy as np
from scipy.optimize import brentq, minimize_scalar

def occupancy(T): return (1-1/T)**(T-1) if T>1 else 1.0
def tasks_ceiling(budget, D):
    g=lambda T: T*D-budget*occupancy(T)
    if g(1.0)>0: return 0.0
    return brentq(g,1.0,budget/D+1)
def shared_single(bN,R,D,):
    g=lambda T: T*D-occupancy(T)*(bN-R)*(1-R/bN)**(T-1)
    return 0.0 if g(1.0)>0 else brentq(g,1.0,bN/D+1)
def spectral(spec,eta,T,D):
    x=(1-eta*spec)**D
    return float(np.sum(x**(T-1)*(1-x))/D)
def best_eta(spec,T,D):
    r=minimize_scalar(lambda l:-spectral(spec,np.exp(l),T,D),bounds=(np.log(1e-4),0),method="bounded",options=dict(xatol=1e-10))
    return float(np.exp(r.x)) if -r.fun>spectral(spec,1.0,T,D) else 1.0
def participation_ratio(K): return float(np.trace(K)**2/np.sum(K*K))
def common_mode_share(K):
    M=len(K);H=np.eye(M)-1/M;R=H@K@H
    off=~np.eye(M,dtype=bool)
    return float(1-np.mean(R[off]**2)/np.mean(K[off]**2))
def kappa2(N,a,c): return 1/N+(1-1/N)*(a*c)**2
